import subprocess
import sys


def test_registry_takes_no_time_to_import():
    script = (
        "import sys; from lfw17_kedro.encoders.registry import BACKBONES, ENCODERS; "
        "print(*ENCODERS, *BACKBONES, "
        "{'tensorflow', 'keras', 'mtcnn', 'h5py', 'pandas'} & set(sys.modules))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stdout == (
        "dlib_resnet facenet efficientnet_lite0 inception_v3 set()\n"
    )
