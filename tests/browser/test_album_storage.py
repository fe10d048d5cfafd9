"""What the album keeps of corrections: reloads, further runs, several tabs."""

import pytest
from chromium import NEEDS_CHROMIUM
from invented_album import ids, make_album, small_album

from lfw17_kedro.people.corrections_file import Correction

Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys

pytestmark = NEEDS_CHROMIUM


def test_another_run_keeps_only_what_was_not_saved(album):
    album.open().go("person/Ann")
    album.click(".face")
    album.name_face("Zoë")
    album.save()
    album.go("person/Bob")
    album.focus(".face")
    album.press("i")

    rows = [*small_album().faces.to_dict("records")][:-1]  # of another run
    album.open(make_album(rows, [("Ann", 4, ""), ("Bob", 2, "")])).go("person/Ann")

    assert album.texts(".face .name") == ["Ann", "Ann"]
    assert album.texts("#unsaved-text") == ["1 change not saved yet"]


def test_a_correction_taken_back_before_another_run_is_taken_back_there(album):
    (face,) = ids(0)
    album.open().go("person/Ann")
    album.click(".face")
    album.name_face("Zoë")
    album.save()
    album.click("#undo")

    rows = [*small_album().faces.to_dict("records")][:-1]  # of another run
    applied = [Correction("is", "Zoë", face)]
    album.open(make_album(rows, [("Ann", 4, "")]), corrections=applied)

    assert album.texts("#unsaved-text") == ["1 change not saved yet"]
    assert album.run("return writeCorrections()").count("\r\n") == 1  # the header


def test_an_album_of_an_earlier_run_leaves_a_later_one_s_corrections_alone(album):
    album.open().go("person/Ann")
    later = '["later",[["x",{"kind":"ignore"}]],[]]'
    album.run("localStorage.setItem(STORE, arguments[0])", later)

    album.focus(".face")
    album.press("i")

    assert album.run("return localStorage.getItem(STORE)") == later
    album.run("localStorage.clear()")


def test_what_one_tab_takes_back_the_other_does_too(album):
    album.open().go("person/Ann")
    album.focus(".face")
    album.press("i")

    album.run(
        "localStorage.removeItem(STORE);"
        "dispatchEvent(new StorageEvent('storage', {key: STORE, newValue: null}));"
    )

    assert album.texts(".face .name") == ["Ann", "Ann"]
    assert not album.find("#unsaved")[0].is_displayed()


def test_two_tabs_of_an_album_share_their_corrections(album):
    album.open().go("person/Ann")
    other = (
        "const changed = [[arguments[0], {kind: 'ignore'}]];"
        "const newValue = JSON.stringify([DATA.hash, changed, []]);"
        "localStorage.setItem(STORE, newValue);"  # as the other tab does
        "dispatchEvent(new StorageEvent('storage', {key: STORE, newValue}));"
    )

    album.run(other, *ids(0))
    album.focus(".face")
    album.press(Keys.ARROW_RIGHT)
    album.press("x")

    saved = album.save()[["face_id", "correction"]].to_numpy().tolist()
    assert sorted(saved) == sorted([[ids(0)[0], "ignore"], [ids(2)[0], "is_not"]])


def test_changes_outlive_a_reload(album):
    album.open().go("person/Bob")
    warns = "const e = new Event('beforeunload', {cancelable: true});"
    warns += "dispatchEvent(e); return e.defaultPrevented"
    assert not album.run(warns)
    album.focus(".face")
    album.press("i")
    assert album.run(warns)

    album.reload()
    album.wait(lambda: album.texts("#unsaved-text") == ["1 change not saved yet"])

    assert album.save()["correction"].tolist() == ["ignore"]
    assert not album.run(warns)
