"""The album as a user sees and corrects it, in headless Chromium."""

import numpy as np
import pytest
from album_page import SIZES, Page
from chromium import NEEDS_CHROMIUM, open_chromium
from invented_album import (
    make_album,
    make_face,
    name_face,
    small_album,
)

from lfw17_kedro.people.corrections_file import COLUMNS, Correction, list_cells

By = pytest.importorskip("selenium.webdriver.common.by").By
Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys

HOSTILE = "<img src=x onerror='document.title=1'>"

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def chromium():
    """One headless Chromium for all tests, which keeps its console."""
    with open_chromium() as driver:
        yield driver


@pytest.fixture
def album(chromium, tmp_path):
    """Open an album of one's own, on a desktop."""
    yield Page(chromium, tmp_path)
    chromium.execute_script("localStorage.clear(); sessionStorage.clear();")
    chromium.execute_script("changes.clear(); saved.clear();")  # nothing to warn of


def ids(*rows):
    return [small_album().faces["face_id"][row] for row in rows]


def test_people_groups_and_single_faces_are_shown(album):
    album.open(links={"Report": "open set.html"})

    assert album.texts(".card .name") == ["Ann", "Bob", "Eve", "Unknown 1"]
    assert album.texts(".card small") == [
        *("2 faces", "1 face", "not in these photos", "2 faces")
    ]
    assert len(album.find(".face")) == 1  # seen once
    assert album.texts("main a[href='#/ignored']") == ["Show 1 ignored face"]
    (link,) = album.find("footer a")
    assert link.get_attribute("href").endswith("/open%20set.html")
    images = album.find("main img")
    assert len(images) == 4
    for image in images:
        assert image.get_attribute("loading") == "lazy"
        album.wait(lambda i=image: i.get_property("naturalWidth") > 0)
    assert album.errors() == []


def test_a_person_s_faces_come_surest_first(album):
    album.open().go("person/Ann")

    assert album.texts("h1") == ["Ann"]
    assert "2 faces in 2 photos. 4 photos enrolled." in album.texts(".lead")[0]
    first, second = (text.splitlines() for text in album.texts(".face .text"))
    like = "like Ann/01.jpg"
    assert first == ["Ann", "similarity 0.81", "1 in 250 strangers", like]
    assert second == ["Ann", "similarity 0.52", "1 in 111 strangers", like]


@pytest.mark.parametrize("size", SIZES)
def test_boxes_lie_on_the_faces_at_every_window_size(album, size):
    album.resize(size)
    album.open().go("photo/0")

    stage = album.run(
        "const b = document.querySelector('.stage > img').getBoundingClientRect();"
        "return [b.left, b.top, b.width, b.height]"
    )
    assert stage[2] / stage[3] == pytest.approx(800 / 600, rel=0.01)
    scale = stage[2] / 800
    boxes = album.run(
        "return [...document.querySelectorAll('.box')].map((box) => {"
        "const b = box.getBoundingClientRect();"
        "return [b.left, b.top, b.right, b.bottom]})"
    )
    expected = [(80, 60, 280, 300), (480, 90, 660, 310)]
    for box, pixels in zip(boxes, expected, strict=True):
        shown = [(side - stage[i % 2]) / scale for i, side in enumerate(box)]
        assert shown == pytest.approx(pixels, abs=1.5 / scale)
    assert album.texts(".box .label") == ["Ann", "Bob"]


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


def test_enter_opens_a_face_and_esc_leaves(album):
    album.open().go("person/Bob")

    album.press(Keys.ARROW_DOWN)
    album.press(Keys.ENTER)
    assert album.texts("dialog[open] h2") == ["Bob"]
    words = album.texts("dialog[open]")[0]
    assert "About 1 in 250 strangers would look this much like" in words
    assert "Ann, 0.40 less" in words
    album.press(Keys.ESCAPE)
    assert album.find("dialog[open]") == []
    album.press(Keys.ESCAPE)
    album.wait(lambda: album.texts("h1") == ["People"])
    album.driver.back()
    album.wait(lambda: album.texts("h1") == ["Bob"])


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
    ],
)
def test_names_that_cannot_be_are_refused(album, name, problem):
    album.open().go("person/Bob")
    album.click(".face")

    album.name_face(name)

    assert problem in album.texts("dialog[open] .problem")[0]
    assert not album.find("#unsaved")[0].is_displayed()


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


def test_changes_outlive_a_reload(album):
    album.open().go("person/Bob")
    warns = "const e = new Event('beforeunload', {cancelable: true});"
    warns += "dispatchEvent(e); return e.defaultPrevented"
    assert not album.run(warns)
    album.focus(".face")
    album.press("i")
    assert album.run(warns)

    album.driver.refresh()
    album.wait(lambda: album.texts("#unsaved-text") == ["1 change not saved yet"])

    assert album.save()["correction"].tolist() == ["ignore"]
    assert not album.run(warns)


def test_search_finds_people_groups_and_photos(album):
    album.open()

    album.press("/")
    album.press("ANN")
    album.wait(lambda: album.texts("h1") == ["Search"])
    assert album.texts(".card .name") == ["Ann", "a b#1.jpg", "2.jpg"]
    album.find("#search")[0].send_keys(Keys.CONTROL, "a")
    album.press("unknown")
    album.wait(lambda: album.texts(".card .name") == ["Unknown 1"])
    album.find("#search")[0].send_keys(Keys.CONTROL, "a")
    album.press("<b>")
    album.wait(lambda: album.texts("tbody th") == ["bad<b>.jpg"])
    album.press("%")
    album.wait(lambda: "Nothing has “<b>%”" in album.texts(".note")[0])
    album.press(Keys.ESCAPE)
    album.wait(lambda: album.texts("h1") == ["People"])
    assert album.errors() == []


def test_the_switches_hide_faces_and_names(album):
    def filters(selector):
        return {
            album.run("return getComputedStyle(arguments[0]).filter", element)
            for element in album.find(selector)
        }

    album.open()
    assert filters("img, bdi") == {"none"}

    album.click("#hide-faces")
    album.click("#hide-names")
    album.driver.refresh()  # the session remembers

    for route in ("people", "photo/0", "check", "person/Ann"):
        album.go(route)
        hidden = filters("main img")
        album.wait(lambda: all("blur(" in one for one in filters("main img")))
        assert hidden
        assert all("blur(" in one for one in filters("main bdi"))
    assert album.find("#hide-faces")[0].get_attribute("aria-pressed") == "true"
    album.click("#hide-faces")
    album.wait(lambda: filters("main img") == {"none"})


ROUTES = ("people", "person/Ann", "group/unknown-001", "photos", "photo/0", "check")
ROUTES = (*ROUTES, "left-out", "ignored", "search/a", "nowhere")


@pytest.mark.parametrize("size", SIZES)
def test_no_view_scrolls_sideways(album, size):
    album.resize(size)
    album.open(title="A title that is as long as titles of albums can be")
    album.run("applyChange(faces.map((face) => face.id), {kind: 'ignore'}); undoLast()")
    album.run("sayYes(faces[0], 'W'.repeat(60))")

    for route in ROUTES:
        album.go(route)
        over = "document.documentElement.scrollWidth - innerWidth"
        assert album.run(f"return {over}") <= 0, route
    album.click("#tabs a")
    album.run("openFace(faces[0])")
    assert album.run(f"return {over}") <= 0
    wide = "return document.querySelector('dialog').scrollWidth"
    assert album.run(wide) <= SIZES[size][0] - 24
    assert album.errors() == []


def test_hostile_names_are_shown_letter_by_letter(album):
    path = f"{HOSTILE}/'\"#?%41 四.jpg".replace("</", "<")
    row = name_face(path, (10, 10, 200, 200), HOSTILE, group=HOSTILE)
    row |= {"second": HOSTILE, "margin": 0.1, "nearest_photo": path}
    other = make_face("b.jpg", (10, 10, 99, 99), group="javascript:alert(1)")
    picture = "album_pictures/people/'\"#?%41 四.jpg"
    left_out = [(path, HOSTILE)]
    album.open(make_album([row, other], [(HOSTILE, 1, picture)], left_out))
    key = album.run("return encode(arguments[0])", HOSTILE)

    assert album.texts(".card .name")[0] == HOSTILE
    for route in (f"person/{key}", "photos", "photo/0", "check", "left-out"):
        album.go(route)
        assert HOSTILE in album.find("main")[0].text
        assert album.find("img[src=x]") == []
    album.go(f"person/{key}")
    for image in album.find("main img"):  # the path of the person's picture, too
        album.wait(lambda i=image: i.get_property("naturalWidth") > 0)
    album.click(".face")
    assert album.texts("dialog[open] h2") == [HOSTILE]
    album.press(Keys.ESCAPE)
    album.focus(".face")
    album.press("x")
    assert album.save()[["photo", "name"]].to_numpy().tolist() == [[path, HOSTILE]]
    assert album.driver.title == "Family"
    assert album.errors() == []


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (make_album([]), "There are no photos yet."),
        (make_album([], photos=["a.jpg"]), "No face was found in 1 photo."),
        (make_album([make_face("a.jpg", (0, 0, 9, 9))]), "Nobody is enrolled yet."),
    ],
)
def test_empty_albums_say_what_to_do(album, tables, words):
    album.open(tables)

    assert words in album.find("main")[0].text
    for route in ROUTES:
        album.go(route)
    assert album.errors() == []


def test_many_files_left_out_come_in_steps(album):
    rows = [(f"{number:03}.jpg", "no face was found") for number in range(500)]
    album.open(make_album([], left_out=rows)).go("left-out")

    assert len(album.find("tbody tr")) == 200
    assert album.texts(".more") == ["Show more (300)"]
    album.run("scrollTo(0, document.body.scrollHeight)")
    album.wait(lambda: len(album.find("tbody tr")) == 400)
    album.go("search/49")
    hundreds = [f"{number}49.jpg" for number in range(5)]
    tens = [f"49{digit}.jpg" for digit in range(10)]
    assert album.texts("tbody th") == [*hundreds, *tens]
    assert album.errors() == []


def test_two_thousand_faces_open(album):
    rng = np.random.default_rng(0)
    rows = []
    for photo in range(500):
        for place in range(4):
            box = (10 + 190 * place, 50, 170 + 190 * place, 250)
            name = f"Person {rng.integers(60)}"
            rows.append(name_face(f"album {photo % 9}/{photo}.jpg", box, name))
    for row in rows[::3]:
        row |= {"name": "unknown", "group": f"unknown-{rng.integers(200):03d}"}
    tables = make_album(rows, [(f"Person {i}", 3, "") for i in range(60)])
    page = tables.render()
    (album.folder / "album.html").write_text(page)

    album.driver.get((album.folder / "album.html").as_uri())

    assert len(album.find(".card")) > 200
    assert len(page) < 2_000_000  # characters, all ASCII but a few
    album.go("check")
    assert len(album.find(".pair")) == 2 * 24  # named and unknown ones
    album.go("photos")
    assert album.run("return places.get(location.hash).shown") == 200
    album.run("scrollTo(0, document.body.scrollHeight)")
    album.wait(lambda: len(album.find(".card")) == 400)
    album.wait(lambda: album.run("return remembered.y === scrollY"))
    before = album.run("return scrollY")
    album.run("document.querySelectorAll('.card')[390].click()")
    album.wait(lambda: album.texts("h1") == ["390.jpg"])
    assert album.run("return scrollY") == 0
    album.driver.back()  # to where the user was
    album.wait(lambda: album.texts("h1") == ["Photos"])
    assert album.run("return scrollY") == before > 1000
