"""The report as a reader sees it, in headless Chromium."""

import pytest
from chromium import (
    NEEDS_CHROMIUM,
    SIZES,
    open_file,
    read_errors,
    resize,
    settle,
    wait_for,
)
from invented_results import invent_results, plot_everything

By = pytest.importorskip("selenium.webdriver.common.by").By

METHODS = ("scratch_cnn", "facenet_svm")

pytestmark = NEEDS_CHROMIUM

PAGES = {}  # both sizes of the screen show the same page


def write_page(class_names, methods, **options):
    """Write the report of invented results, once."""
    key = (*class_names, *methods)
    if key not in PAGES:
        PAGES[key], _ = plot_everything(invent_results(class_names, methods, **options))
    return PAGES[key]


@pytest.fixture(params=SIZES)
def open_page(request, browser, tmp_path):
    """Open a page on a screen of each size."""

    def open_page(page):
        resize(browser, request.param)
        file = tmp_path / "report.html"
        file.write_text(page)
        open_file(browser, file)
        settle(browser, ".main-svg")
        return browser

    return open_page


def measure(browser, selector):
    """Give the boxes of elements: left, top, right, bottom, pixels of the page."""
    script = (
        "return [...document.querySelectorAll(arguments[0])].map(x => {"
        "const b = x.getBoundingClientRect(); return [b.left + scrollX, "
        "b.top + scrollY, b.right + scrollX, b.bottom + scrollY]})"
    )
    boxes = browser.execute_script(script, selector)
    return [box for box in boxes if box[2] > box[0] and box[3] > box[1]]


def overlap(first, second):
    return all(
        first[axis] < second[axis + 2] - 1 and second[axis] < first[axis + 2] - 1
        for axis in (0, 1)
    )


def check_figures(browser):
    """No text leaves its figure, no button covers a text, everything is described."""
    overflow = browser.execute_script(
        "return document.documentElement.scrollWidth - window.innerWidth"
    )
    assert overflow <= 0
    figures = browser.find_elements(By.CLASS_NAME, "plotly-graph-div")
    width = browser.execute_script("return window.innerWidth")
    for figure in figures:
        name = figure.get_attribute("id")
        (left, top, right, bottom), *_ = measure(browser, f"#{name} .main-svg")
        assert 200 < right - left <= width, name
        assert bottom - top > 100, name
        texts = measure(
            browser, ", ".join(f"#{name} {part}" for part in (".legend", "g text"))
        )
        assert texts, name
        for text in texts:
            inside = left - 1 <= text[0] and text[2] <= right + 1
            assert inside and top - 1 <= text[1] and text[3] <= bottom + 1, (name, text)
            for bar in measure(browser, f"#{name} .modebar"):
                assert not overlap(bar, text), (name, text)
    for figure in browser.find_elements(By.CLASS_NAME, "figure"):
        assert figure.get_attribute("role") == "img"
        assert len(figure.get_attribute("aria-label")) > 30
    return {figure.get_attribute("id").removeprefix("figure-") for figure in figures}


@pytest.mark.parametrize("size", SIZES)
def test_report_reads_well(browser, size, leave_results, run_project, project):
    resize(browser, size)
    left = leave_results(*METHODS)
    run_project("reporting")
    file = project / "data/08_reporting/orl/report.html"

    open_file(browser, file)
    settle(browser, ".main-svg")

    assert read_errors(browser) == []
    fetched = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert [name for name in fetched if not name.startswith("data:")] == []
    matrices = {f"confusion-{index}" for index in range(len(METHODS))}
    others = {"classes", "reliability", "map", "learning", "balance"}
    assert check_figures(browser) == matrices | others
    for name in ("classes", "reliability", "balance"):
        traces = browser.execute_script(
            f"return document.getElementById('figure-{name}')._fullData.length"
        )
        assert traces >= 2, name
    browser.execute_script(
        "document.querySelectorAll('details').forEach(part => part.open = true)"
    )
    images = browser.find_elements(By.CSS_SELECTOR, ".face img")
    assert images
    for image in images:
        wait_for(browser, lambda i=image: i.get_property("complete"))
        assert image.get_property("naturalWidth") > 0
        assert " face " in image.get_attribute("alt")
        assert ", predicted s" in image.get_attribute("alt")
    check_table(browser, left)


def test_contents_lead_to_every_part(open_page):
    page = write_page(["Ann", "Bob", "Eve"], list(METHODS))

    browser = open_page(page)

    links = browser.find_elements(By.CSS_SELECTOR, "nav a")
    parts = browser.find_elements(By.CSS_SELECTOR, "main section")
    targets = [link.get_attribute("href").partition("#")[2] for link in links]
    ids = [part.get_attribute("id") for part in parts]
    assert set(ids) - set(targets) == {"balance"}  # stands beside the data
    assert set(targets) <= set(ids)
    browser.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
    for target in targets:
        browser.execute_script(f"location.hash = '{target}'")
        (part,), (bar,) = measure(browser, f"#{target}"), measure(browser, "nav")
        assert part[1] >= bar[3] - 1, target  # the bar covers no heading
        assert bar[3] - bar[1] < 60


def test_200_people_and_8_methods_are_readable(open_page):
    names = [f"Firstname Lastname {index}" for index in range(200)]
    methods = [f"method_{index}" for index in range(8)]
    page = write_page(names, methods, images=1)

    browser = open_page(page)

    assert read_errors(browser) == []
    check_figures(browser)
    notes = [note.text for note in browser.find_elements(By.CLASS_NAME, "note")]
    assert "Shown are 30 of 200 people, those with the lowest F1 scores." in notes
    assert "Shown are 30 of 200 people, those with the most mistakes." in notes
    assert browser.execute_script("return document.body.scrollHeight") < 17000


def test_names_with_markup_are_shown_letter_by_letter(open_page):
    names = ["<b>Ann</b>", "A&amp;B", "<a href='x'>Eve</a>", "%{x} Joe"]
    page = write_page(names, ["<i>net</i>"])

    browser = open_page(page)

    assert read_errors(browser) == []
    markup = "main svg a, main svg tspan[style*=bold]"
    assert browser.find_elements(By.CSS_SELECTOR, markup) == []
    for figure in ("confusion-0", "classes", "balance", "map"):
        texts = browser.execute_script(
            f"return [...document.querySelectorAll('#figure-{figure} text')]"
            ".map(text => text.textContent)"
        )
        assert set(names) <= set(texts), figure
    assert browser.find_element(By.CSS_SELECTOR, ".method").text == "<i>net</i>"


def test_unlabelled_test_data_show_mistakes_of_validation(open_page):
    page = write_page(["Ann", "Bob"], ["a", "b"], images=5, labels_known=False)

    browser = open_page(page)

    assert browser.find_elements(By.CSS_SELECTOR, ".incorrect[data-split=validation]")
    assert not browser.find_elements(By.CSS_SELECTOR, ".incorrect[data-split=test]")
    assert browser.find_elements(By.CSS_SELECTOR, ".least-certain[data-split=test]")
    assert "SHA-256, test labels" not in page


def test_printed_report_opens_every_part_and_fits_the_paper(browser, tmp_path):
    names = [f"Firstname Lastname {index}" for index in range(60)]
    page = write_page(names, ["a", "b", "c", "d"])
    file = tmp_path / "report.html"
    file.write_text(page)
    resize(browser, "desktop")
    open_file(browser, file)
    settle(browser, ".main-svg")
    before = measure(browser, ".figure")
    browser.execute_script(
        "window.printed = [];"
        "addEventListener('beforeprint', () => { window.printed = "
        "[...document.querySelectorAll('details')].map(part => part.open) })"
    )

    pdf = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})

    assert len(pdf["data"]) > 10000
    opened = browser.execute_script("return window.printed")
    assert opened and all(opened)
    wait_for(browser, lambda: measure(browser, ".figure") == before)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert measure(browser, "nav") == []
    assert measure(browser, ".modebar") == []
    figures = measure(browser, ".main-svg")
    assert len(figures) >= 9
    for left, top, right, bottom in figures:
        assert right - left <= 690
        assert bottom - top <= 800
    for left, top, right, bottom in measure(browser, ".whole"):
        assert bottom - top <= 960  # a page of Letter between its margins
        assert right - left > 0


def check_table(browser, left):
    """Compare every number of the tables with the metrics JSON."""
    seen = 0
    for split in ("validation", "test"):
        table = browser.find_element(
            By.CSS_SELECTOR, f"table.scores[data-split={split}]"
        )
        for cell in table.find_elements(By.CSS_SELECTOR, "td[data-value]"):
            method, score = (
                cell.get_attribute(f"data-{k}") for k in ("method", "score")
            )
            truth = left.load(f"{method}.metrics")[split][score]
            assert float(cell.get_attribute("data-value")) == pytest.approx(truth)
            shown = cell.text.split()[0]
            if score == "accuracy":
                assert shown == f"{truth:.2%}"
            elif score == "correct":
                assert shown == str(truth)
            else:
                assert shown == f"{truth:.4f}"
            seen += 1
    assert seen == 2 * len(METHODS) * 6  # splits, methods, scores
