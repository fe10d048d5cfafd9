import pandas as pd
import pytest
from corrections_csv import write_corrections
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.people.corrections import parse_corrections, spell_names
from lfw17_kedro.people.corrections_file import (
    Correction,
    read_corrections_table,
)

FACE = "0123456789abcdef_10_20_50_80"
HEADER = "face_id,photo,left,top,right,bottom,correction,name,enrol\n"


def parse(*lines):
    return parse_corrections(
        read_corrections_table((HEADER + "\n".join(lines)).encode())
    )


def test_faces_are_named_by_id_by_box_or_by_photo():
    corrections = parse(
        f"{FACE},,,,,,is,Ann Lee,yes",
        ",party/1.jpg,12,20.5,52,80,is_not,Ann Lee,",
        ",./party/2.jpg,,,,,ignore,,no",
        "",
        f"{FACE},a.jpg,11,19,52,81,IS,Zoë,Yes",
    )

    assert corrections == [
        Correction("is", "Ann Lee", FACE, enrol=True),
        Correction("is_not", "Ann Lee", photo="party/1.jpg", box=(12, 20.5, 52, 80)),
        Correction("ignore", photo="party/2.jpg"),
        Correction("is", "Zoë", FACE, "a.jpg", (11, 19, 52, 81), enrol=True),
    ]
    assert [one.line for one in corrections] == [2, 3, 4, 6]


def test_no_file_and_no_lines_say_nothing():
    assert parse_corrections(None) == []
    assert parse() == []


def test_only_some_columns_in_any_order():
    table = pd.DataFrame({"name": [" Ann ", ""], "correction": ["is", ""]})

    corrections = parse_corrections(table.assign(photo=["a.jpg", ""]))

    assert corrections == [Correction("is", "Ann", photo="a.jpg")]
    assert corrections[0].line == 2


def test_the_same_line_twice_is_one():
    assert len(parse(f"{FACE},,,,,,is,Ann,", f" {FACE} ,,,,,,is, Ann ,no")) == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f"{FACE},,,,,,is not,Ann,", "got 'is not', did you mean is_not?"),
        (f"{FACE},,,,,,ignored,,", "got 'ignored', did you mean ignore?"),
        (f"{FACE},,,,,,,Ann,", "expected is, is_not or ignore as correction, got ''"),
        (f"{FACE},,,,,,is,,", "is needs a name; write one"),
        (f"{FACE},,,,,,is_not, ,", "is_not needs a name; write one"),
        (f"{FACE},,,,,,ignore,Ann,", "ignore needs no name, got 'Ann'; remove it"),
        (f"{FACE},,,,,,is,=1+1,", "'=1+1' starts with = + - or @, as a formula"),
        (f"{FACE},,,,,,is,CON,", "'CON' is reserved on Windows; rename it"),
        (f"{FACE},,,,,,is,..,", "'..' names another folder"),
        (f"{FACE},,,,,,is,id,", "'id' is the name of a column"),
        (f"{FACE},,,,,,is,a/b,", "'a/b' is a path"),
        (f"{FACE},,,,,,is,<b>Ann</b>,", "'<b>Ann</b>' is a path"),
        (f"{FACE},,,,,,is,Ann\u202e,", "turns the direction of the text"),
        (
            f"{FACE},,,,,,is,Unknown,",
            "'Unknown' is no person's name here; write is_not",
        ),
        (f"{FACE},,,,,,is,ignored,", "'ignored' is no person's name here"),
        (f"{FACE},,,,,,is,Unknown-001,", "'Unknown-001' is no person's name here"),
        (f"{FACE},,,,,,is,Ann,yep", "as enrol, got 'yep', did you mean yes?"),
        (f"{FACE},,,,,,is_not,Ann,yes", "somebody can be enrolled, not is_not"),
        (f"{FACE},,,,,,ignore,,yes", "somebody can be enrolled, not ignore"),
        (",a.jpg,1,2,x,4,is,Ann,", "such as 12 or 12.5 as right, got 'x'"),
        (',a.jpg,1,2,"3,5",4,is,Ann,', "such as 12 or 12.5 as right, got '3,5'"),
        (",a.jpg,1,nan,3,4,is,Ann,", "such as 12 or 12.5 as top, got 'nan'"),
        (",a.jpg,1,2,1e300,4,is,Ann,", "such as 12 or 12.5 as right, got '1e300'"),
        (",a.jpg,1,,3,,is,Ann,", "half a box, without top, bottom; give four edges"),
        (
            ",a.jpg,3,2,1,4,is,Ann,",
            "left < right and top < bottom, got 3, 2, 1, 4; swap",
        ),
        (",a.jpg,1,4,3,4,is,Ann,", "left < right and top < bottom, got 1, 4, 3, 4"),
        (",,1,2,3,4,is,Ann,", "names no face; give a face_id, or a photo and a box"),
        (",./,,,,,is,Ann,", "names no face"),
        (
            "Ann,,,,,,is,Ann,",
            "expected a face id such as 0123456789abcdef_40_30_90_100",
        ),
        (f"{FACE},,100,20,140,80,is,Ann,", "the box 100, 20, 140, 80 are two faces"),
    ],
)
def test_a_wrong_line_is_refused(line, problem):
    with pytest.raises(ValueError, match=r"^corrections: expected lines") as caught:
        parse(f"{FACE},,,,,,is_not,Bob,", line)

    assert problem in str(caught.value).partition(" got: line 3: ")[2]


def test_an_id_and_the_same_box_unclipped_agree():
    edge = "0123456789abcdef_0_20_4_80"  # most of the face lies outside of the photo

    assert len(parse(f"{edge},,-40.2,19.6,4.4,80.3,is,Ann,")) == 1


def test_all_problems_are_listed():
    with pytest.raises(ValueError, match=r"line 2: is needs a .*line 4: names no face"):
        parse(f"{FACE},,,,,,is,,", f"{FACE},,,,,,is,Ann,", ",,,,,,ignore,,")


def test_names_that_look_the_same_are_refused():
    with pytest.raises(ValueError, match=r"line 3: 'ann_lee' and 'Ann Lee' of line 2"):
        parse(f"{FACE},,,,,,is,Ann Lee,", ",a.jpg,,,,,is,ann_lee,")


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"nmae": ["Ann"], "correction": ["is"]}, "column 'nmae', did you mean name?"),
        ({0: ["Ann"], "correction": ["is"]}, "header: unknown column 0"),
        ({"name": ["Ann"]}, "there is no column 'correction'; add it"),
        (
            {"correction": ["is"], "name": [float("nan")]},
            "cells that are not text; rea",
        ),
    ],
)
def test_a_wrong_table_is_refused(table, problem):
    with pytest.raises(ValueError, match=problem):
        parse_corrections(pd.DataFrame(table))


NAMES = st.sampled_from(["Ann Lee", "Zoë", "李小龍", "דוד", "O'Brien", "a, b; c"])
EDGES = st.floats(-1000, 1000)
PHOTOS = st.text("ab ,;'\"\r\n=./é李", min_size=1, max_size=9).map(
    lambda text: f"x{text}".strip()
) | st.sampled_from(["=1.jpg", "./a.jpg", "@.jpg", 'a"b;c,d.jpg', "a\nb.jpg"])


@st.composite
def corrections(draw):
    word = draw(st.sampled_from(["is", "is_not", "ignore"]))
    left, top = draw(EDGES), draw(EDGES)
    box = (left, top, left + draw(st.floats(1, 99)), top + draw(st.floats(1, 99)))
    by_id = draw(st.booleans())
    return Correction(
        word,
        draw(NAMES) if word != "ignore" else "",
        FACE if by_id else "",
        "" if by_id and draw(st.booleans()) else draw(PHOTOS),
        None if by_id or draw(st.booleans()) else box,
        draw(st.booleans()) if word == "is" else False,
    )


@given(st.lists(corrections(), unique=True))
def test_what_is_written_is_read_back(written):
    table = read_corrections_table(write_corrections(written))

    assert parse_corrections(table) == written


def test_names_are_spelled_as_in_the_gallery():
    typed = [Correction("is", "ann_lee"), Correction("is", "Bob"), Correction("ignore")]

    spelled = spell_names(typed, ["Ann Lee", "Cy"])

    assert [one.name for one in spelled] == ["Ann Lee", "Bob", ""]
    (ann,) = spell_names(typed[:1], ["Ann Lee", "Ann_Lee"])
    assert ann.name == "Ann Lee"
