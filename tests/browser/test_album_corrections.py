"""Corrections that a user makes in the album, in headless Chromium."""

import pytest
from chromium import NEEDS_CHROMIUM
from invented_album import ids, make_album, make_face, name_face

from lfw17_kedro.people.corrections_file import COLUMNS, Correction, list_cells

Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys

pytestmark = NEEDS_CHROMIUM


def test_a_face_is_renamed_by_click(album):
    album.open().go("person/Ann")

    album.click(".face")
    album.name_face("  Zoë Q  ")

    assert album.texts(".face .name") == ["Zoë Q", "Ann"]
    assert album.texts(".face .badge") == ["not saved"]
    assert album.texts("#unsaved-text") == ["1 change not saved yet"]
    assert "1 face in 1 photo." in album.texts(".lead")[0]
    album.go("people")
    assert "Zoë Q" in album.texts(".card .name")
    album.go("photo/0")
    assert album.texts(".box .label") == ["Zoë Q", "Bob"]
    saved = album.save()
    assert saved.columns.tolist() == list(COLUMNS)
    (face,) = ids(0)
    assert saved.values.tolist() == [
        [face, "a b#1.jpg", "", "", "", "", "is", "Zoë Q", ""]
    ]
    assert album.texts("#unsaved-text") == ["1 correction saved, not applied yet"]
    assert album.errors() == []


def test_faces_are_corrected_by_keyboard(album):
    album.open().go("person/Ann")

    album.press(Keys.ARROW_RIGHT)  # the first face
    album.press(Keys.ARROW_RIGHT)
    album.press("n")
    album.name_face("eve")  # as it is written elsewhere
    album.press(Keys.ARROW_LEFT)  # the dialog gave the focus back
    album.press("x")
    assert album.texts(".face .name") == ["Unknown", "Eve"]
    album.press("i")
    assert album.texts(".face .name") == ["Ignored", "Eve"]
    album.press("u")
    assert album.texts(".face .name") == ["Unknown", "Eve"]

    saved = album.save()

    rows = saved[["face_id", "correction", "name"]].to_numpy().tolist()
    second, first = ids(2, 0)
    assert rows == [[second, "is", "Eve"], [first, "is_not", "Ann"]]


def test_a_group_is_named_at_once_and_enrolled(album):
    album.open().go("group/unknown-001")

    album.find("#group-form [name=name]")[0].send_keys("Grandma")
    album.click("#group-form [name=enrol]")
    album.click("#group-form [type=submit]")

    assert album.texts(".face .name") == ["Grandma"] * 2
    saved = album.save()
    assert saved["face_id"].tolist() == ids(3, 4)
    assert saved["photo"].tolist() == ["trip/2.jpg", "trip/3?.jpg"]
    assert set(saved["correction"]) == {"is"}
    assert set(saved["name"]) == {"Grandma"}
    assert set(saved["enrol"]) == {"yes"}
    album.go("people")
    assert album.texts(".card .name") == ["Ann", "Grandma", "Bob", "Eve"]


def test_the_file_keeps_old_corrections_and_replaces_those_of_the_face(album):
    first, bob, third = ids(0, 1, 2)
    box = (485, 95, 655, 300)
    kept = [
        Correction("is", 'A "quoted", one', "0" * 16 + "_1_2_3_4"),
        Correction("is_not", "Eve", third),
        Correction("ignore", photo="no face.jpg", box=box),
    ]
    replaced = [
        Correction("is", "Eve", first, enrol=True),
        Correction("ignore", photo="a b#1.jpg", box=box),  # Bob's face
    ]
    album.open(corrections=[kept[0], *replaced, *kept[1:]]).go("photo/0")

    album.click(f".tile[data-face='{0}']")
    album.name_face("Ann")
    album.focus(".tile[data-face='1']")
    album.press("x")
    album.go("photo/1")
    album.focus(".tile[data-face='2']")
    album.press("x")

    assert album.save().to_numpy().tolist() == [
        *map(list_cells, kept),
        *map(
            list_cells,
            [
                Correction("is", "Ann", first, "a b#1.jpg", enrol=True),  # as before
                Correction("is_not", "Bob", bob, "a b#1.jpg"),
                Correction("is_not", "Ann", third, "trip/2.jpg"),
            ],
        ),
    ]


def test_an_old_correction_can_be_taken_back(album):
    (ignored,) = ids(6)
    row = Correction("ignore", "", ignored)
    album.open(corrections=[row]).go("ignored")
    assert album.texts(".badge") == ["corrected by you"]

    album.click(".face")
    album.click("#forget")

    assert album.texts("main .badge") == ["correction removed"]
    assert album.save().empty


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("  ", "Write a name."),
        ("a/b", "slash"),
        ("=cmd()", "begin with"),
        ("@x", "begin with"),
        ("Unknown", "another meaning"),
        ("ignored", "another meaning"),
        ("unknown-001", "another meaning"),
        (".x", "dot"),
        ("a<b>", "any of"),
        ("nul.x", "Windows"),
        ("a\u200bb", "invisible"),
        ("\uff1dx", "begin with"),
        ("n" * 121, "too long"),
        ("名" * 86, "too long"),  # 258 bytes
        ("a\u3164b", "invisible"),  # Hangul filler, a letter to Unicode
        ("Ann\u200d", "invisible"),  # a joiner that joins nothing
        ("COM¹", "Windows"),
        ("conin$", "Windows"),
        ("\u2a75x", "begin with"),  # "==" in one character
    ],
)
def test_names_that_cannot_be_are_refused(album, name, problem):
    album.open().go("person/Bob")
    album.click(".face")

    album.name_face(name)

    assert problem in album.texts("dialog[open] .problem")[0]
    assert not album.find("#unsaved")[0].is_displayed()


def test_names_that_the_run_takes_for_one_are_spelled_alike(album):
    names = ("Weiss", "Mi\u200cna", "Isik")
    rows = [name_face(f"{name}.jpg", (80, 60, 280, 300), name) for name in names]
    album.open(make_album(rows)).go("person/Isik")

    spelled = {
        name: album.run("return [checkName(arguments[0]), spell(arguments[0])]", name)
        for name in ("Weiß", "WEISS", "I\u015f\u0131k", "mina", "com0")
    }

    assert {name: found for name, (_, found) in spelled.items()} == {
        "Weiß": "Weiss",
        "WEISS": "Weiss",
        "I\u015f\u0131k": "I\u015f\u0131k",  # a dotless i is another letter
        "mina": "Mi\u200cna",
        "com0": "com0",
    }
    assert {problem for problem, _ in spelled.values()} == {""}


@pytest.mark.parametrize("is_saved", [True, False])
def test_a_face_stays_enrolled_when_its_name_is_confirmed(album, is_saved):
    (first,) = ids(0)
    row = Correction("is", "Ann", first, "a b#1.jpg", enrol=True)
    album.open(corrections=[row] if is_saved else []).go("person/Ann")
    if not is_saved:
        album.click(".face")
        album.click("dialog[open] [name=enrol]")
        album.name_face("Ann")

    album.focus(".face")
    album.press("y")

    assert album.save().to_numpy().tolist() == [list_cells(row)]


def test_a_face_enrolled_as_one_person_is_not_enrolled_as_another(album):
    (first,) = ids(0)
    row = Correction("is", "Eve", first, "a b#1.jpg", enrol=True)
    album.open(corrections=[row]).go("person/Ann")

    album.focus(".face")
    album.press("y")

    kept = Correction("is", "Ann", first, "a b#1.jpg")
    assert album.save().to_numpy().tolist() == [list_cells(kept)]


def test_a_face_whose_correction_was_removed_is_not_enrolled_by_a_key(album):
    (first,) = ids(0)
    row = Correction("is", "Ann", first, "a b#1.jpg", enrol=True)
    album.open(corrections=[row]).go("person/Ann")
    album.click(".face")
    album.click("dialog[open] #forget")

    album.focus(".face")
    album.press("y")

    kept = Correction("is", "Ann", first, "a b#1.jpg")
    assert album.save().to_numpy().tolist() == [list_cells(kept)]


def test_a_face_is_enrolled_no_more_once_the_user_says_so(album):
    (first,) = ids(0)
    row = Correction("is", "Ann", first, "a b#1.jpg", enrol=True)
    album.open(corrections=[row]).go("person/Ann")

    album.click(".face")
    album.click("dialog[open] [name=enrol]")
    album.name_face("Ann")
    album.click(".face")

    assert not album.find("dialog[open] [name=enrol]")[0].is_selected()


def test_doubtful_faces_are_confirmed_or_refused(album):
    album.open().go("check")
    assert album.texts(".pair .name") == [
        "Ann?",
        "Bob?",
        "Ann?",
        "Bob?",
        "Bob?",
        "Ann?",
    ]

    album.click(".pair [data-do=yes]")
    album.click(".pair [data-do=no]")  # of the next

    third, second = ids(2, 1)
    saved = album.save()
    assert saved[["face_id", "correction", "name"]].to_numpy().tolist() == [
        [third, "is", "Ann"],
        [second, "is_not", "Bob"],
    ]


def test_a_file_never_spells_a_name_in_two_ways(album):
    first, second = ids(0, 2)
    old = [
        Correction("is", "ann", second),  # the folder is called Ann
        Correction("is_not", "Zoe Q", first),  # whom nobody knows any more
    ]
    album.open(corrections=old).go("photo/0")

    album.click(".tile[data-face='1']")
    album.name_face("zoe q")

    assert album.save()["name"].tolist() == ["Ann", "Zoe Q", "Zoe Q"]


def test_a_face_that_was_refused_stays_out_of_its_group_s_name(album):
    album.open().go("group/unknown-001")
    album.find("#group-form [name=name]")[0].send_keys("Grandma")
    album.click("#group-form [type=submit]")
    album.focus(".face")
    album.press("x")
    album.click("#group-form [name=enrol]")
    album.click("#group-form [type=submit]")

    saved = album.save()[["correction", "name", "enrol"]].to_numpy().tolist()
    assert sorted(saved) == [["is", "Grandma", "yes"], ["is_not", "Grandma", ""]]


def test_an_answer_is_not_asked_for_again(album):
    unknown = make_face("party.jpg", (480, 90, 660, 310)) | {"nearest": "Ann"}
    tables = make_album([unknown], [("Ann", 4, "")])
    old = Correction("is_not", "Ann", unknown["face_id"])

    album.open(tables, corrections=[old]).go("check")

    assert album.find(".pair") == []


def test_a_refusal_that_was_removed_counts_no_more(album):
    (face,) = ids(3)
    album.open(corrections=[Correction("is_not", "Ann", face)])

    assert album.run("return isRefused(arguments[0], 'ann')", face)
    album.run("changes.set(arguments[0], {kind: 'forget'})", face)
    assert not album.run("return isRefused(arguments[0], 'ann')", face)


SECOND_CHOICE = make_album(
    [
        name_face("party.jpg", (480, 90, 660, 310), "Bob", margin=0.01)
        | {"nearest": "Ann", "second": "Bob"}
    ],
    [("Ann", 4, ""), ("Bob", 2, "")],
)


def test_a_second_choice_shows_no_score_of_the_nearest_person(album):
    album.open(SECOND_CHOICE).go("check")

    assert album.texts(".pair .name") == ["Bob?"]
    assert album.texts(".pair small") == ["more like Ann"]
    album.go("person/Bob")
    assert "more like Ann" in album.texts(".face")[0]
    assert "similarity" not in album.texts(".face")[0]
    assert album.errors() == []


def test_a_second_refusal_keeps_the_first(album):
    album.open(SECOND_CHOICE).go("person/Bob")

    album.press(Keys.ARROW_RIGHT)
    album.press("x", "x")

    assert album.save()[["correction", "name"]].to_numpy().tolist() == [
        ["is_not", "Bob"]
    ]
