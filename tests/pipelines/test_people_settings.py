from lfw17_kedro.faces.search import CopySize
from lfw17_kedro.people.scan import ScanSettings
from lfw17_kedro.pipelines.encoder_settings import EncoderOptionSettings
from lfw17_kedro.pipelines.people.settings import SearchSettings
from lfw17_kedro.types import EncoderOptions


def test_the_search_gives_the_scan_its_settings():
    search = SearchSettings(
        max_long_side=1920,
        thresholds=[0.6, 0.7, 0.8],
        min_face_size=24,
        sizes=[
            {"padding": 0.1, "max_short_side": 960, "min_short_side": 240},
            {"min_short_side": 74, "max_short_side": 222, "padding": 0.27},
        ],
        turn=True,
        batch_size=16,
        test_time_flip=False,
    )

    assert search.to_scan_settings() == ScanSettings(
        max_long_side=1920,
        sizes=(CopySize(240, 960, 0.1), CopySize(74, 222, 0.27)),
        batch_size=16,
        test_time_flip=False,
        turn=True,
    )


def test_options_are_given_as_encoders_take_them():
    options = EncoderOptionSettings(
        weights="own.pt", sha256="a" * 64, standardisation="fixed", precision="float32"
    )

    assert options.to_options() == EncoderOptions("own.pt", "a" * 64, "fixed")
