import pytest

from lfw17_kedro.faces.class_names import check_class_names, name_folder


def test_names_of_all_sorts_are_kept():
    names = [
        "George W Bush",
        "Ångström",
        "李小龍",
        "O'Brien",
        "J. R.-T",
        "محمد",  # right to left
        "דוד",
        "علی\u200cرضا",  # noqa: RUF001 (Persian, with ZERO WIDTH NON-JOINER)
        "ක්\u200dෂ",  # Sinhala, with ZERO WIDTH JOINER after a mark
        "葛\U000e0100城",  # with a variation selector
        "山田\u3000太郎",
        "CONNOR",
        "COM0",
        "ID",
        "a=b",
    ]

    assert check_class_names(tuple(names)) == names
    assert name_folder("George W Bush") == "George_W_Bush"


@pytest.mark.parametrize("names", [None, "Ann", 7, {"Ann": 1}, []])
def test_class_names_must_be_a_list(names):
    with pytest.raises(ValueError, match=r"expected a list of names, .*one name per "):
        check_class_names(names)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (3, "3 is not text; put quotes"),
        (None, "None is not text; put quotes"),
        ("", "'' is empty; write a name"),
        ("  ", "'  ' is empty; write a name"),
        ("id", "'id' is the name of a column"),
        (".", "'.' names another folder"),
        ("..", "'..' names another folder"),
        ("/etc/x", "'/etc/x' is a path"),
        ("a/b", "'a/b' is a path"),
        ("a\\b", "is a path; write the name without"),
        ("C:x", "'C:x' is a path"),
        (".hidden", "'.hidden' starts or ends with a space or a dot"),
        ("Ann ", "'Ann ' starts or ends with a space or a dot"),
        ("Sammy Davis Jr.", "'Sammy Davis Jr.' starts or ends with a space or a dot"),
        ("a\0b", "holds a control character"),
        ("a\nb", "holds a control character"),
        ("a\u2028b", "holds a control character"),
        ("a\ud800b", "holds a control character"),
        ("=1+1", "'=1+1' starts with = + - or @, as a formula of a spreadsheet"),
        ("=HYPERLINK(x)", "starts with = + - or @, as a formula"),
        ("+Ann", "starts with = + - or @, as a formula"),
        ("-Ann", "starts with = + - or @, as a formula"),
        ("@SUM(A1)", "starts with = + - or @, as a formula"),
        ("＝1", "starts with = + - or @, as a formula"),  # noqa: RUF001 (full width)
        ("\t=1", "holds a control character"),
        ("con", "'con' is reserved on Windows"),
        ("NUL.txt", "'NUL.txt' is reserved on Windows"),
        ("Lpt9", "'Lpt9' is reserved on Windows"),
        ("x" * 256, "takes 256 bytes, more than 255; shorten it"),
        ("é" * 128, "takes 256 bytes, more than 255; shorten it"),
        ("com\xb9", "is reserved on Windows"),
        ("LPT\xb2.x", "is reserved on Windows"),
        ("conin$", "is reserved on Windows"),
        ("CONOUT$", "is reserved on Windows"),
        *((f"Ann{one}Lee", "which Windows refuses; remove") for one in '<>:"|?*'),
        ("Ann\xa0", "starts or ends with a space or a dot"),
        ("\u3000Ann", "starts or ends with a space or a dot"),
        ("Ann\u202eeeL", "shows nothing or turns the direction of the text"),
        ("\u2067Ann\u2069", "shows nothing or turns the direction of the text"),
        ("Ann\u200bLee", "shows nothing or turns the direction of the text"),
        ("Ann\u2060Lee", "shows nothing or turns the direction of the text"),
        ("\ufeffAnn", "shows nothing or turns the direction of the text"),
        ("An\xadn", "shows nothing or turns the direction of the text"),
        ("\u3164", "shows nothing or turns the direction of the text"),
        ("\u200dAnn", "shows nothing or turns the direction of the text"),
        ("Ann\u200c", "shows nothing or turns the direction of the text"),
        ("Ann \u200cLee", "shows nothing or turns the direction of the text"),
        ("An\u200c\u200cn", "shows nothing or turns the direction of the text"),
        ("Bob", "'Bob' and 'Bob' would share one folder or look the same; rename one"),
        ("bOB", "'bOB' and 'Bob' would share one folder or look the same; rename one"),
        ("B\u200cob", "would share one folder or look the same; rename one"),
        ("Bob\ufe00", "would share one folder or look the same; rename one"),
        ("Eve\xa0Lee", "'Eve\\xa0Lee' and 'Eve Lee' would share one folder or look"),
        ("Eve\u2009Lee", "would share one folder or look the same; rename one"),
        ("Eve_Lee", "'Eve_Lee' and 'Eve Lee' would share one folder"),
        ("Ame\u0301lie", "would share one folder or look the same; rename one"),
    ],
)
def test_names_that_are_no_folders_or_columns_are_refused(name, problem):
    with pytest.raises(ValueError) as error:
        check_class_names(["Bob", "Eve Lee", "Am\u00e9lie", name])

    assert problem in str(error.value)


def test_all_bad_names_are_said_at_once():
    with pytest.raises(ValueError, match=r"got: 'id' is .*; 5 is .*; '\.\.' names"):
        check_class_names(["id", "Ann", 5, ".."])


def test_names_of_255_bytes_are_the_longest():
    assert check_class_names(["x" * 255, "é" * 127]) == ["x" * 255, "é" * 127]
