import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from chromium import NEEDS_CHROMIUM, open_chromium, open_file

from lfw17_kedro.gallery_types import (
    DOUBTFUL_COLUMNS,
    ENROLMENT_COLUMNS,
    OpenSetThreshold,
)
from lfw17_kedro.people.open_set import trace_curve
from lfw17_kedro.reporting import open_set_page
from lfw17_kedro.reporting.open_set import plot_open_set, plot_trade_off
from lfw17_kedro.reporting.open_set_page import (
    _count_missed,
    weigh_evidence,
    write_open_set_page,
)
from lfw17_kedro.reporting.page_parts import hash_source

COHORT = "some faces."
EVIL = '<img src=x onerror="alert(1)"></script><b>'
MANY = np.linspace(0.1, 0.5, 99)


def make_threshold(leave_one_out=(), cohort=(), genuine=(), value=0.5, rate=0.01):
    sets = [np.sort(np.array(one, float)) for one in (leave_one_out, cohort, genuine)]
    attainable = 1 / (max(len(sets[0]), len(sets[1])) + 1)
    return OpenSetThreshold(value, rate, attainable, *sets)


def make_enrolment(rows=(("Ann", "Ann/1.jpg", "enrolled", ""),)):
    table = pd.DataFrame(
        [*rows], columns=["person", "photo", "action", "reason"], dtype=object
    )
    return table.reindex(columns=[*ENROLMENT_COLUMNS]).assign(nearest_other="")


def make_pairs(*rows):
    return pd.DataFrame([*rows], columns=[*DOUBTFUL_COLUMNS])


def write(threshold, enrolment=None, pairs=None, **options):
    curve = trace_curve(threshold, 11)
    figures = {
        "open_set": plot_open_set(threshold, curve),
        "trade_off": plot_trade_off(threshold, curve),
    }
    return write_open_set_page(
        threshold,
        make_enrolment() if enrolment is None else enrolment,
        make_pairs() if pairs is None else pairs,
        figures,
        cohort=COHORT,
        **options,
    )


class PageReader(HTMLParser):
    """Reads text, tags and scripts of a page."""

    def __init__(self, page):
        super().__init__()
        self.words, self.tags, self.scripts, self._inside = [], [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append([dict(attrs), ""])

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts[-1][1] += data
        elif self._inside != "style":
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r" ([.,])", r"\1", " ".join(" ".join(self.words).split()))


@pytest.mark.parametrize(
    ("own", "cohort", "rate", "needed", "support", "claimed"),
    [
        (99, 0, 0.01, 99, "own", 0.01),
        (99, 400, 0.01, 99, "own", 0.01),
        (98, 400, 0.01, 99, "cohort", 0.01),
        (98, 50, 0.01, 99, "too few", 1 / 99),
        (0, 0, 0.01, 99, "none", 1),
        (19, 0, 0.05, 19, "own", 0.05),
        (32, 0, 0.03, 33, "too few", 1 / 33),
    ],
)
def test_weigh_evidence(own, cohort, rate, needed, support, claimed):
    threshold = make_threshold([0.1] * own, [0.1] * cohort, rate=rate)

    evidence = weigh_evidence(threshold)

    assert (evidence.needed, evidence.own, evidence.cohort) == (needed, own, cohort)
    assert evidence.support == support
    assert evidence.rate == pytest.approx(claimed)


def test_page_says_first_what_a_layman_asks():
    genuine = [0.4, 0.4, *np.linspace(0.6, 0.9, 98)]
    rows = [("Ann", f"Ann/{k}.jpg", "enrolled", "") for k in range(50)]

    text = PageReader(
        write(make_threshold(MANY, [], genuine), make_enrolment(rows))
    ).text

    assert "A face is named if its similarity is at least 0.500." in text
    assert "Of 100 strangers, about 1 would be given a name." in text
    assert "Of 100 photos of enrolled people, 2 would be missed." in text
    assert "1 person" in text
    assert "cannot be claimed" not in text


@pytest.mark.parametrize(("of", "said"), [(199, "1"), (200, "fewer than 1")])
def test_page_does_not_round_a_missed_photo_away(of, said):
    threshold = make_threshold(genuine=[0.4, *[0.9] * (of - 1)])

    assert _count_missed(threshold) == {"count": 1, "of": of, "text": said}


def test_page_promises_no_hundredths_of_a_few_photos():
    text = PageReader(write(make_threshold(MANY, [], [0.4, 0.8, 0.9]))).text

    assert (
        "Of the photos of enrolled people that could be tested (3), 1 would be" in text
    )
    assert "1 of 3 each photo" in text


def test_page_with_too_few_impostors_says_what_can_be_claimed():
    text = PageReader(write(make_threshold(MANY[:9], MANY[:19], [0.9]))).text

    assert "1% cannot be claimed." in text
    assert (
        "takes 99 impostors; the threshold rests on 9 enrolled photos and 19 strangers"
        in text
    )
    assert "They can show 1 of 20 (5.0%), not less." in text
    assert (
        "Of 20 strangers, 1 would be given a name; no lower rate can be claimed."
        in text
    )


def test_page_says_when_it_rests_on_the_cohort_alone():
    text = PageReader(write(make_threshold(MANY[:9], MANY, [0.9]))).text

    assert "1% cannot be claimed from your own photos." in text
    assert "your photos give 9, enough to show 1 of 10 (10.0%) at best" in text
    assert "rests on 99 photos of strangers alone" in text


def test_page_of_one_person():
    text = PageReader(write(make_threshold([], MANY, []))).text

    assert "one person alone gives none" in text
    assert (
        "would be missed is not known: the test needs a person with two photos" in text
    )
    assert "holds for the 1 person enrolled now, and" in text


def test_page_without_impostors():
    text = PageReader(write(make_threshold([], [], [0.9, 0.9]))).text

    assert "The threshold rests on no impostor" in text
    assert "would be given a name is not known" in text


def test_page_of_an_encoder_without_a_published_threshold():
    text = PageReader(write(make_threshold([], MANY, [], value=1.0))).text

    assert "Nobody has published a threshold for this encoder" in text


def test_page_of_nobody():
    text = PageReader(write(make_threshold(), make_enrolment([]))).text

    assert "Nobody is enrolled, so every face is unknown." in text
    assert "data/01_raw/people/<name>/" in text
    assert "There are no photos." in text
    assert "cannot be claimed" not in text


def test_page_of_people_who_are_all_left_out():
    rows = [("Ann", "Ann/1.jpg", "left out", "no face was found")]

    text = PageReader(write(make_threshold(), make_enrolment(rows))).text

    assert "Nobody is enrolled" in text
    assert "Ann not enrolled" in text
    assert "no face was found" in text


def test_page_shows_photos_that_ask_for_the_user_first():
    rows = [
        ("Ann", "Ann/1.jpg", "enrolled", ""),
        ("Ann", "Ann/2.jpg", "enrolled, check it", "it looks more like Bob"),
        ("Bob", "Bob/1.jpg", "left out", "no face was found"),
    ]

    reader = PageReader(write(make_threshold(MANY), make_enrolment(rows)))

    shown = [attrs["data-action"] for _, attrs in reader.tags if "data-action" in attrs]
    assert shown == ["left out", "enrolled, check it", "enrolled"]
    assert "3 photos: 1 left out, 1 to check." in reader.text


def test_page_counts_the_photos_of_each_person():
    rows = [
        ("Ann", "Ann/1.jpg", "enrolled", ""),
        ("Ann", "Ann/2.jpg", "enrolled, check it", "why"),
        ("Ann", "Ann/3.jpg", "left out", "why"),
        ("", "loose.jpg", "left out", "it lies in no folder of a person"),
    ]

    page = write(make_threshold(MANY), make_enrolment(rows))

    [table] = re.findall(r'<table class="counts">.*?</table>', page, re.DOTALL)
    assert re.findall(r'<td class="number">(\d*)</td>', table) == ["2", "1", "1"]
    assert "nobody" in PageReader(page).text  # the photo in no folder


def test_page_cuts_a_long_table_and_says_so(monkeypatch):
    monkeypatch.setattr(open_set_page, "MAX_ROWS", 2)
    rows = [("Ann", f"Ann/{k}.jpg", "enrolled", "") for k in range(3)]

    text = PageReader(write(make_threshold(MANY), make_enrolment(rows))).text

    assert "The first 2 are shown here. All are in enrolment.csv" in text
    assert "Ann/2.jpg" not in text


def test_page_shows_doubtful_faces_beside_the_nearest_photo():
    pair = ("Ann", "Ann/1.jpg", "left out", 0.8, "a_0.jpg", "Bob", "Bob/2.jpg", 0.9, "")

    reader = PageReader(write(make_threshold(MANY), pairs=make_pairs(pair)))

    pictures = [attrs["src"] for tag, attrs in reader.tags if tag == "img"]
    assert pictures == ["enrolment_pictures/a_0.jpg"]
    assert "1 photo looks more like another person" in reader.text
    assert "0.900 like Bob, 0.800 like Ann" in reader.text
    assert "Bob/2.jpg" in reader.text
    assert "no picture" in reader.text


def test_page_escapes_names():
    rows = [(EVIL, f"{EVIL}/1.jpg", "left out", f"the same file as {EVIL}")]
    pair = (EVIL, EVIL, "left out", 0.8, "a_0.jpg", EVIL, EVIL, 0.9, "b_0.jpg")

    harmless = PageReader(
        write(
            make_threshold(MANY),
            make_enrolment([("Ann", "Ann/1.jpg", "left out", "why")]),
            make_pairs(
                ("A", "A", "left out", 0.8, "a_0.jpg", "B", "B", 0.9, "b_0.jpg")
            ),
        )
    )
    hostile = PageReader(
        write(make_threshold(MANY), make_enrolment(rows), make_pairs(pair))
    )

    tags = [
        [(tag, sorted(attrs)) for tag, attrs in one.tags] for one in (harmless, hostile)
    ]
    assert tags[0] == tags[1]
    assert EVIL in hostile.text


@pytest.mark.parametrize("name", ["Łukasz", "山田 太郎", "دانا", "a\u202eb"])
def test_page_can_be_written_as_utf8(name):
    rows = [(name, f"{name}/1.jpg", "enrolled", "")]

    page = write(make_threshold(MANY), make_enrolment(rows))

    assert name.encode() in page.encode()


def test_page_runs_its_own_scripts_alone():
    reader = PageReader(write(make_threshold(MANY, [], [0.9])))

    [policy] = [
        attrs["content"]
        for tag, attrs in reader.tags
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    run = [text for attrs, text in reader.scripts if "type" not in attrs]
    assert len(run) == 2  # one copy of plotly.js, and ours
    assert re.findall(r"'(sha256-.*?)'", policy) == [hash_source(text) for text in run]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy.partition("script-src")[2]


def test_page_asks_no_network():
    reader = PageReader(write(make_threshold(MANY)))

    links = [
        attrs[key]
        for _, attrs in reader.tags
        for key in ("src", "href")
        if key in attrs
    ]
    assert set(links) >= {"album.html", "enrolment.csv"}
    assert not [link for link in links if ":" in link and link != "data:,"]


def test_page_refuses_an_unknown_action():
    rows = [("Ann", "Ann/1.jpg", "perhaps", "")]

    with pytest.raises(ValueError, match=r"expected an action of .*, got 'perhaps'"):
        write(make_threshold(MANY), make_enrolment(rows))


@pytest.fixture
def browser():
    with open_chromium() as driver:
        yield driver


@NEEDS_CHROMIUM
def test_page_works_from_the_disk(browser, tmp_path):
    rows = [
        (EVIL, "a/1.jpg", "left out", "no face was found"),
        ("Bob", "Bob/1.jpg", "enrolled", ""),
    ]
    file = tmp_path / "open_set.html"
    page = write(make_threshold(MANY, MANY, [0.8, 0.9]), make_enrolment(rows))
    file.write_text(page, encoding="utf-8")
    browser.set_window_size(390, 844)

    open_file(browser, file)

    drawn = "return document.querySelectorAll('.figure .main-svg').length"
    assert browser.execute_script(drawn) >= 2
    search = browser.find_element("css selector", ".tools input")
    search.send_keys("bob")
    shown = "return [...document.querySelectorAll('.photos tbody tr')]"
    shown += ".filter((row) => row.offsetParent).map((row) => row.dataset.action)"
    assert browser.execute_script(shown) == ["enrolled"]
    wide = "return document.documentElement.scrollWidth - innerWidth"
    assert browser.execute_script(wide) <= 0
    assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []
