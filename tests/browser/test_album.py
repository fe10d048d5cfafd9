"""The album as a user sees it, in headless Chromium."""

import numpy as np
import pytest
from chromium import NEEDS_CHROMIUM, SIZES
from invented_album import make_album, make_face, name_face

By = pytest.importorskip("selenium.webdriver.common.by").By
Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys

HOSTILE = "<img src=x onerror='document.title=1'>"

pytestmark = NEEDS_CHROMIUM


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
    album.wait(lambda: "Nothing has “<b>%”" in "".join(album.texts(".note")))
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
    album.reload()  # the session remembers

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
    images = album.find("main img")
    assert images
    for image in images:  # the path of the person's picture, too
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

    album.show(album.folder / "album.html")

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
