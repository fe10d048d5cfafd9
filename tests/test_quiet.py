import subprocess
import sys


def test_tensorflow_starts_without_a_word():
    script = (
        "import lfw17_kedro, tensorflow as tf; "
        "tf.config.list_physical_devices('GPU'); tf.zeros(3); "
        "import sys; print('here', file=sys.stderr)"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stderr == "here\n"
    assert shown.stdout == ""
