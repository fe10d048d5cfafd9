import json
from dataclasses import replace

import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import ClassifierDataset
from lfw17_kedro.face_classifier import FaceClassifier, OneVsOne, OneVsRest

REST = FaceClassifier(
    svm=OneVsRest(np.arange(6.0).reshape(3, 2), np.array([0.5, 0.25, 0.125])),
    slopes=np.array([-1.0, -2.0, -3.0]),
    offsets=np.array([0.1, 0.2, 0.3]),
    labels=np.array([0, 2, 3]),
    encoder="net@abc+flips",
    class_names=("Ann", "Bob", "Zoë Łu", "李"),
    train_images=12,
)
PAIRS = replace(
    REST,
    svm=OneVsOne(
        support_vectors=np.arange(8.0).reshape(4, 2),
        support_counts=np.array([1, 1, 2]),
        dual_coefficients=np.arange(8.0).reshape(2, 4),
        intercepts=np.array([0.5, 0.25, 0.125]),
    ),
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "06_models" / "classifier.npz"


@pytest.mark.parametrize("classifier", [REST, PAIRS])
def test_classifier_comes_back(file, classifier):
    dataset = ClassifierDataset(filepath=str(file))
    assert not dataset.exists()

    dataset.save(classifier)

    assert dataset.exists()
    loaded = dataset.load()
    assert type(loaded.svm) is type(classifier.svm)
    for name in classifier.svm._fields:
        wanted, found = (getattr(one.svm, name) for one in (classifier, loaded))
        np.testing.assert_array_equal(found, wanted, strict=True)
    for name in ("slopes", "offsets", "labels"):
        wanted, found = (getattr(one, name) for one in (classifier, loaded))
        np.testing.assert_array_equal(found, wanted, strict=True)
    assert loaded.encoder == "net@abc+flips"
    assert loaded.class_names == ("Ann", "Bob", "Zoë Łu", "李")
    assert loaded.train_images == 12


def test_order_in_memory_comes_back(file):
    """Products of the loaded coefficients are then rounded as before saving."""
    svm = REST.svm._replace(coefficients=np.asfortranarray(REST.svm.coefficients))
    dataset = ClassifierDataset(filepath=str(file))

    dataset.save(replace(REST, svm=svm))

    assert dataset.load().svm.coefficients.strides == svm.coefficients.strides


def test_same_classifier_gives_the_same_bytes(file, tmp_path):
    again = tmp_path / "again.npz"
    ClassifierDataset(filepath=str(file)).save(REST)
    ClassifierDataset(filepath=str(again)).save(REST)

    assert file.read_bytes() == again.read_bytes()


def change(file, **changes):
    """Save REST with some arrays exchanged, None for dropped ones."""
    ClassifierDataset(filepath=str(file)).save(REST)
    arrays = dict(np.load(file)) | changes
    np.savez(file, **{key: one for key, one in arrays.items() if one is not None})


def change_card(**changes):
    card = {"multi_class": "one_vs_rest", "encoder": "e", "train_images": 1}
    return np.array(json.dumps(card | {"class_names": ["a", "b", "c", "d"]} | changes))


@pytest.mark.parametrize(
    ("changes", "got"),
    [
        ({"card": None}, "KeyError.*card"),
        ({"card": np.array("{")}, "JSONDecodeError"),
        ({"card": np.array("[]")}, "TypeError"),
        ({"card": np.array("[" * 6000)}, "RecursionError"),
        ({"card": np.array(["{}", "{}"])}, "ValueError"),
        ({"card": change_card(multi_class="os.system")}, "KeyError.*os.system"),
        ({"card": change_card(encoder=5)}, "card's encoder is of another type"),
        ({"card": change_card(class_names="abcd")}, "card's class_names is of another"),
        ({"card": change_card(train_images=True)}, "card's train_images is of another"),
        (
            {"card": change_card(class_names=["a"])},
            r"ascending labels 0-0 for 1 people, got \[0, 2, 3\]",
        ),
        ({"slopes": None}, "KeyError.*slopes"),
        (
            {"slopes": np.zeros(2)},
            r"expected slopes float64 \(3,\), got float64 \(2,\)",
        ),
        ({"offsets": np.array([0, np.nan, 0])}, "expected finite offsets, got NaN"),
        ({"labels": np.array([0, 3, 2])}, r"ascending labels .* got \[0, 3, 2\]"),
        ({"labels": np.array([-1, 2, 3])}, r"ascending labels .* got \[-1, 2, 3\]"),
        (
            {
                "labels": np.array([0]),
                "slopes": np.zeros(1),
                "offsets": np.zeros(1),
                "coefficients": np.zeros((1, 2)),
                "intercepts": np.zeros(1),
            },
            "at least two people",
        ),
        (
            {"coefficients": np.zeros((3, 2), np.float32)},
            r"expected coefficients float64 \(3, 2\), got float32 \(3, 2\)",
        ),
        (
            {"coefficients": np.zeros(3)},
            r"expected coefficients float64 \(3, 0\), got float64 \(3,\)",
        ),
    ],
)
def test_other_arrays_are_no_classifier(file, changes, got):
    change(file, **changes)

    with pytest.raises(
        DatasetError, match=f"fitted SVM .*classifier.npz.*got something else: .*{got}"
    ):
        ClassifierDataset(filepath=str(file)).load()


def test_counts_of_support_vectors_must_add_up():
    for counts in ([1, 1, 1], [5, -2, 1], [2**62, 2**62, 4]):
        with pytest.raises(ValueError, match="add up to 4 support vectors"):
            replace(PAIRS, svm=PAIRS.svm._replace(support_counts=np.array(counts)))


def test_one_array_is_no_classifier(file):
    file.parent.mkdir()
    with file.open("wb") as stream:
        np.save(stream, np.zeros(3))

    with pytest.raises(DatasetError, match="got something else"):
        ClassifierDataset(filepath=str(file)).load()


def test_a_pickle_in_its_place_is_not_executed(file):
    class Attack:
        def __reduce__(self):
            return (file.with_name("executed").touch, ())

    import joblib

    file.parent.mkdir()
    joblib.dump(Attack(), file)

    with pytest.raises(DatasetError, match="without pickled objects at"):
        ClassifierDataset(filepath=str(file)).load()
    assert not file.with_name("executed").exists()
