import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.people.face_ids import compute_iou, make_face_ids, parse_face_id

ONE, TWO = "0123456789abcdef" + "0" * 48, "f" * 64


def make_faces(*rows, height=100, width=80):
    names = ["sha256", "left", "top", "right", "bottom"]
    return pd.DataFrame(rows, columns=names).assign(height=height, width=width)


def test_an_id_is_content_and_clipped_whole_pixels():
    faces = make_faces((ONE, -3.2, 10.6, 85.0, 120.4), (TWO, 1.4, 2.6, 30.0, 40.0))

    assert make_face_ids(faces) == [
        "0123456789abcdef_0_11_80_100",
        "ffffffffffffffff_1_3_30_40",
    ]


def test_faces_that_would_share_an_id_are_numbered_whatever_their_order():
    outside = [(ONE, 90.0, 0.0, 95.0, 9.0), (ONE, 85.0, 0.0, 99.0, 9.0)]
    rows = [*outside, (TWO, 1.0, 2.0, 3.0, 4.0), (TWO, 1.0, 2.0, 3.0, 4.0)]

    ids = make_face_ids(make_faces(*rows))

    same = "0123456789abcdef_80_0_80_9"
    assert ids[:2] == [f"{same}_2", same]
    assert ids[2:] == ["ffffffffffffffff_1_2_3_4", "ffffffffffffffff_1_2_3_4_2"]
    assert make_face_ids(make_faces(*rows[1::-1])) == [same, f"{same}_2"]


def test_no_faces_have_no_ids():
    assert make_face_ids(make_faces()) == []


def test_a_box_must_be_finite():
    faces = make_faces((ONE, 1.0, 2.0, 3.0, 4.0), (ONE, 1.0, np.nan, 3.0, 4.0))

    with pytest.raises(
        ValueError, match=r"got \[1.0, nan, 3.0, 4.0\] in row 1; detect"
    ):
        make_face_ids(faces)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ONE, TWO]),
            *[st.floats(-200, 200)] * 2,
            *[st.floats(0, 90)] * 2,
        )
    )
)
def test_ids_are_unique_and_can_be_taken_apart(rows):
    faces = make_faces(*((sha, x, y, x + w, y + h) for sha, x, y, w, h in rows))

    ids = make_face_ids(faces)

    assert len(set(ids)) == len(rows)
    for face_id, (sha, x, *_) in zip(ids, rows, strict=True):
        digits, box = parse_face_id(face_id)
        assert sha.startswith(digits)
        assert abs(box[0] - min(max(x, 0), 80)) <= 0.5


def test_an_id_is_taken_apart():
    digits, box = parse_face_id("0123456789abcdef_40_30_90_100")

    assert digits == "0123456789abcdef"
    assert box.dtype == np.float64
    assert box.tolist() == [40, 30, 90, 100]
    assert parse_face_id("0123456789abcdef_40_30_90_100_2")[1].tolist() == box.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ann",
        "0123456789abcdef",
        "0123456789abcdef_1_2_3",
        "0123456789abcde_1_2_3_4",
        "0123456789abcdeg_1_2_3_4",
        "0123456789abcdef_1_2_-3_4",
        "0123456789abcdef_1_2_3_4\n",
        "0123456789abcdef_1_2_3_4_5_6",
        "0123456789abcdef_5_2_3_4",
        "0123456789abcdef_1_5_3_4",
        "0123456789abcdef_1_2_3_" + "4" * 5000,
    ],
)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(
        ValueError, match=r"expected a face id such as .*from faces.csv"
    ):
        parse_face_id(text)


def test_iou_is_intersection_over_union():
    boxes = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [0, 0, 5, 10], [3, 3, 3, 9]])

    iou = compute_iou(boxes, boxes[:3])

    third = 1 / 3  # 50 of 150
    expected = [[1, third, 0.5], [third, 1, 0], [0.5, 0, 1], [0, 0, 0]]
    np.testing.assert_allclose(iou, expected)
    assert compute_iou(boxes[:0], boxes).shape == (0, 4)
