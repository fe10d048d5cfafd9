import pytest
from pydantic import ValidationError

from lfw17_kedro.compute.settings import ComputeSettings

DEFAULT = {"engine": "local", "workers": None, "address": None, "shard_size": 2000}
ADDRESS = "tcp://127.0.0.1:8786"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"engine": "processes", "workers": 4},
        {"engine": "dask", "address": ADDRESS},
        {"engine": "dask", "workers": 2},
    ],
)
def test_settings_that_make_sense(changes):
    settings = ComputeSettings(**DEFAULT | changes)

    assert settings.model_dump() == DEFAULT | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"address": ADDRESS}, "null, or compute.engine=dask"),
        ({"workers": 2}, "null, or compute.engine=processes or dask"),
        (
            {"engine": "dask", "address": ADDRESS, "workers": 2},
            "null: the cluster at compute.address has its own",
        ),
        ({"engine": "dask", "address": "127.0.0.1:8786"}, "such as tcp://host:8786"),
        ({"engine": "dask", "address": "tcp://host"}, "such as tcp://host:8786"),
        ({"engine": "ray"}, "'local', 'processes' or 'dask'"),
        ({"shard_size": 0}, "greater than or equal to 1"),
        ({"engine": "processes", "workers": 2.5}, "valid integer"),
    ],
)
def test_what_nobody_would_use_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        ComputeSettings(**DEFAULT | changes)
