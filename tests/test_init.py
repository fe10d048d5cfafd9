import subprocess
import sys

import pytest


def run(script):
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )


def test_tensorflow_starts_without_a_word():
    shown = run(
        "import lfw17_kedro, tensorflow as tf; "
        "tf.config.list_physical_devices('GPU'); tf.zeros(3); "
        "import sys; print('here', file=sys.stderr)"
    )

    assert shown.stderr == "here\n"
    assert shown.stdout == ""


def test_importing_the_package_changes_no_import_and_no_users_choice():
    shown = run(
        "import os, sys; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '1'; "
        "os.environ['TF_FORCE_GPU_ALLOW_GROWTH'] = 'false'; "
        "os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'; "
        "finders = [*sys.meta_path]; import lfw17_kedro; "
        "print(sys.meta_path == finders, os.environ['TF_CPP_MIN_LOG_LEVEL'], "
        "os.environ['TF_FORCE_GPU_ALLOW_GROWTH'], os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    )

    assert shown.stdout == "True 1 false 0\n"


def test_processes_share_a_gpu():
    shown = run(
        "import os; os.environ.pop('TF_FORCE_GPU_ALLOW_GROWTH', None); "
        "import lfw17_kedro; print(os.environ['TF_FORCE_GPU_ALLOW_GROWTH'])"
    )

    assert shown.stdout == "true\n"


@pytest.mark.parametrize(
    ("machine", "expected"), [("x86_64", "1"), ("AMD64", "1"), ("aarch64", "None")]
)
def test_fast_kernels_are_on_where_they_were_measured(machine, expected):
    shown = run(
        "import os, platform; os.environ.pop('TF_ENABLE_ONEDNN_OPTS', None); "
        f"platform.machine = lambda: {machine!r}; "
        "import lfw17_kedro; print(os.environ.get('TF_ENABLE_ONEDNN_OPTS'))"
    )

    assert shown.stdout == f"{expected}\n"
