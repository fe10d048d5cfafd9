import json
import subprocess
import sys
from dataclasses import replace

import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import EncoderCardDataset
from lfw17_kedro.types import EncoderCard

CARD = EncoderCard(
    name="mean",
    alignment="similarity",
    size=4,
    dimension=3,
    licence="CC0-1.0",
    weights_sha256="ab" * 32,
    template=((1.0, 2.0), (3.0, 4.0)),
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "encoder_card.json"


@pytest.mark.parametrize(
    "card", [CARD, replace(CARD, alignment="box", template=None, margin=44)]
)
def test_card_comes_back(file, card):
    dataset = EncoderCardDataset(filepath=str(file))

    dataset.save(card)

    assert dataset.load() == card
    assert json.loads(file.read_text())["weights_sha256"] == "ab" * 32
    assert [path.name for path in file.parent.iterdir()] == ["encoder_card.json"]


def test_card_of_a_saved_encoder_is_read_without_tensorflow(file):
    EncoderCardDataset(filepath=str(file)).save(CARD)
    script = (
        "import sys; from lfw17_kedro.datasets import EncoderCardDataset; "
        f"print(EncoderCardDataset(filepath={str(file)!r}).load().name, "
        "{'tensorflow', 'keras'} & set(sys.modules))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stdout == "mean set()\n"


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"template": null}'])
def test_missing_or_damaged_card_is_named(file, content):
    if content is not None:
        file.write_text(content)

    with pytest.raises(
        DatasetError, match=r"card of an encoder at .*encoder_card\.json, got: .*again"
    ):
        EncoderCardDataset(filepath=str(file)).load()
