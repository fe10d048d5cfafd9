import pytest

from lfw17_kedro.training.optimizers import make_optimizer

SETTINGS = {"learning_rate": 0.1, "weight_decay": 0.05, "warmup": 0.1, "steps": 100}


def test_adamw_warms_up_and_falls_to_zero():
    rate = make_optimizer("adamw", **SETTINGS)._learning_rate

    assert float(rate(0)) == pytest.approx(0.1 / 20)
    assert float(rate(10)) == pytest.approx(0.1)
    assert float(rate(55)) == pytest.approx(0.05)  # half-way down the cosine
    assert float(rate(100)) == pytest.approx(0, abs=1e-6)


def test_adamw_without_warm_up_starts_at_its_rate():
    rate = make_optimizer("adamw", **SETTINGS | {"warmup": 0.0})._learning_rate

    assert float(rate(0)) == pytest.approx(0.1)


def test_sgd_keeps_its_rate():
    assert float(make_optimizer("sgd", **SETTINGS).learning_rate) == pytest.approx(0.1)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="'adamw' or 'sgd', got 'adam'"):
        make_optimizer("adam", **SETTINGS)
    with pytest.raises(ValueError, match="learning_rate: expected above 0, got 0"):
        make_optimizer("sgd", **SETTINGS | {"learning_rate": 0})
