import numpy as np
import pytest

from lfw17_kedro.people.corrections_file import (
    COLUMNS,
    Correction,
    list_cells,
    raise_problems,
    read_corrections_table,
)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_is_read_as_any_spreadsheet_writes_it(mark, separator, end):
    lines = ["photo,correction,name", " a.jpg , is,Zoë 李", ",,", "b.jpg,ignore,"]
    content = mark + end.join(lines).replace(",", separator).encode()

    table = read_corrections_table(content)

    assert table.columns.tolist() == ["photo", "correction", "name"]
    assert table.index.tolist() == [2, 4]
    assert table.to_numpy().tolist() == [
        ["a.jpg", "is", "Zoë 李"],
        ["b.jpg", "ignore", ""],
    ]


def test_lines_are_those_of_the_file():
    content = b'photo,correction\n"a\nb",ignore\n\n\nc.jpg,ignore\n'

    assert read_corrections_table(content).index.tolist() == [2, 6]
    assert read_corrections_table(b"\n" + content).index.tolist() == [3, 7]


def test_the_other_separator_may_stand_in_a_cell():
    table = read_corrections_table(b"photo;correction;name\na,b.jpg;is;Ann\n")

    assert table.loc[2].tolist() == ["a,b.jpg", "is", "Ann"]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n \r\n"])
def test_an_empty_file_has_no_rows(content):
    table = read_corrections_table(content)

    assert len(table) == 0
    assert table.columns.tolist() == list(COLUMNS)


def test_a_header_alone_has_no_rows():
    table = read_corrections_table(b"photo,correction,,\n")

    assert table.shape == (0, 2)


def test_missing_and_empty_cells_at_the_end_do_not_matter():
    table = read_corrections_table(b"photo,correction,name\na.jpg\nb.jpg,is,Ann,,\n")

    assert table.to_numpy().tolist() == [["a.jpg", "", ""], ["b.jpg", "is", "Ann"]]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_in_another_encoding_is_refused(encoding):
    content = "photo,correction,name\na.jpg,is,Zoë\n".encode(encoding)

    with pytest.raises(
        ValueError, match=r"in UTF-8, got another .*save it as 'CSV UTF"
    ):
        read_corrections_table(content)


def test_broken_quotes_are_refused_with_their_line():
    with pytest.raises(ValueError, match=r"breaks off in line 3: .*correct its quotes"):
        read_corrections_table(b'photo,correction\na.jpg,is\n"b.jpg"x,is\n')


def test_a_cell_without_a_column_is_refused():
    with pytest.raises(ValueError, match=r"line 3: 'Lee' stands in no column; give it"):
        read_corrections_table(b"photo,correction\na.jpg,is\nb.jpg,is,Lee\n")


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(ValueError, match=r"header: the column 'photo' is there twice"):
        read_corrections_table(b"photo,correction,photo\n")


def test_no_text_is_written_that_a_spreadsheet_runs():
    one = Correction("ignore", photo="=1+1.jpg", box=(-1.5, 0.0, 3.0, 4.0))

    edges = ["-1.5", "0.0", "3.0", "4.0"]
    assert list_cells(one) == ["", "./=1+1.jpg", *edges, "ignore", "", ""]


def test_numpy_numbers_are_written_as_numbers():
    box = tuple(np.array([0.1, 2, 3, 4]))

    cells = list_cells(Correction("ignore", photo="a.jpg", box=box))

    assert cells[2:6] == ["0.1", "2.0", "3.0", "4.0"]


def test_a_long_list_of_problems_is_cut():
    with pytest.raises(ValueError, match=r"got: p0; .*; p19; and 5 more\.$"):
        raise_problems([f"p{number}" for number in range(25)])


def test_message_stays_short_enough_to_be_read():
    problems = [f"line {line}: {'x' * 200}" for line in range(50)]

    with pytest.raises(ValueError, match="; and 42 more.$") as refused:
        raise_problems(problems)
    assert len(str(refused.value)) < 2000
    with pytest.raises(ValueError, match="; and 49 more.$"):
        raise_problems(["x" * 1900, *problems[1:]])
