import pytest

from lfw17_kedro.precision import choose_policy, choose_precision, use_policy


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])


@pytest.mark.parametrize(
    ("flags", "policy"),
    [
        ("fpu avx2 avx512_bf16", "mixed_bfloat16"),
        ("fpu amx_bf16 avx2", "mixed_bfloat16"),
        ("fpu avx2 avx512f", "float32"),
    ],
)
def test_auto_is_what_the_cpu_has(tmp_path, flags, policy):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor : 0\nflags\t\t: {flags}\n")

    assert choose_policy("auto", cpuinfo) == policy


def test_auto_is_float32_where_the_cpu_is_not_described(tmp_path):
    assert choose_policy("auto", tmp_path / "missing") == "float32"


@pytest.mark.parametrize(
    ("capability", "policy"), [((7, 5), "float32"), ((9, 0), "mixed_bfloat16")]
)
def test_auto_is_what_the_gpu_has(monkeypatch, capability, policy):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"])
    details = {"compute_capability": capability}
    monkeypatch.setattr(
        tf.config.experimental, "get_device_details", lambda gpu: details
    )

    assert choose_policy("auto") == policy


def test_precision_can_be_said():
    assert choose_policy("float32") == "float32"
    assert choose_policy("bfloat16") == "mixed_bfloat16"
    assert choose_precision("bfloat16") == "bfloat16"
    with pytest.raises(ValueError, match="'auto' or one of .*, got 'float16'"):
        choose_policy("float16")


def test_policy_holds_inside_only():
    import keras

    with pytest.raises(RuntimeError), use_policy("mixed_bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
        raise RuntimeError
    assert keras.layers.Dense(1).compute_dtype == "float32"
