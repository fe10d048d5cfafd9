"""The report and the Kedro-Viz site as a reader sees them, in headless Chromium."""

import json
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
Service = webdriver.ChromeService
By = pytest.importorskip("selenium.webdriver.common.by").By
WebDriverWait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
SIZES = {"desktop": (1200, 900), "phone": (390, 844)}
METHODS = ("scratch_cnn", "facenet_svm")
# Kedro-Viz 12.5's own: its page asks for a font of the network, which may be away, and
# for a list of packages that its static build does not write.
KNOWN_ERRORS = ("fonts.googleapis.com", "/api/metadata", "metadata fetch error")

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="needs chromium and chromedriver: apt-get install chromium chromium-driver",
)


@pytest.fixture
def browser():
    """A headless Chromium that keeps its console."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(DRIVER))
    yield driver
    driver.quit()


def resize(browser, size):
    """Give the browser the screen of a desktop or of a phone."""
    width, height = SIZES[size]
    screen = {"width": width, "height": height, "deviceScaleFactor": 1}
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", screen | {"mobile": size == "phone"}
    )


def read_errors(browser):
    return [
        entry["message"]
        for entry in browser.get_log("browser")
        if entry["level"] == "SEVERE"
        and not any(known in entry["message"] for known in KNOWN_ERRORS)
    ]


@pytest.mark.parametrize("size", SIZES)
def test_report_reads_well(browser, size, leave_results, run_project, project):
    resize(browser, size)
    left = leave_results(*METHODS)
    run_project("reporting")
    file = project / "data/08_reporting/orl/report.html"

    browser.get(file.as_uri())

    assert read_errors(browser) == []
    fetched = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert [name for name in fetched if not name.startswith("data:")] == []
    figures = browser.find_elements(By.CLASS_NAME, "plotly-graph-div")
    assert {figure.get_attribute("id") for figure in figures} == {
        f"figure-{name}"
        for name in (
            "confusion",
            "classes",
            "reliability",
            "map",
            "learning",
            "balance",
        )
    }
    width = browser.execute_script("return window.innerWidth")
    for figure in figures:
        svg = figure.find_element(By.CLASS_NAME, "main-svg")
        assert 200 < svg.size["width"] <= width
        assert svg.size["height"] > 100
    for name in ("confusion", "classes", "reliability", "balance"):
        traces = browser.execute_script(
            f"return document.getElementById('figure-{name}')._fullData.length"
        )
        assert traces >= 2, name
    overflow = browser.execute_script(
        "return document.documentElement.scrollWidth - window.innerWidth"
    )
    assert overflow <= 0
    for image in browser.find_elements(By.CSS_SELECTOR, ".face img"):
        browser.execute_script("arguments[0].scrollIntoView()", image)
        WebDriverWait(browser, 10).until(lambda _, i=image: i.get_property("complete"))
        assert image.get_property("naturalWidth") > 0
    check_table(browser, left)


def check_table(browser, left):
    """Compare every number of the tables with the metrics JSON."""
    seen = 0
    for split in ("validation", "test"):
        table = browser.find_element(By.CSS_SELECTOR, f"table[data-split={split}]")
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


@pytest.mark.slow
def test_static_kedro_viz_shows_the_pipelines(
    browser, leave_results, run_project, project
):
    leave_results(*METHODS)
    run_project("reporting")
    kedro = [sys.executable, "-m", "kedro", "viz", "build", "--include-previews"]
    subprocess.run(kedro, cwd=project, check=True, capture_output=True)
    main = json.loads((project / "build/api/main").read_text())
    handler = partial(QuietHandler, directory=project / "build")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        seen = {}
        for size in SIZES:
            resize(browser, size)
            browser.get(f"http://127.0.0.1:{server.server_port}")
            nodes = WebDriverWait(browser, 30).until(
                lambda b: b.find_elements(By.CSS_SELECTOR, ".pipeline-node")
            )
            seen[size] = {node.get_attribute("textContent") for node in nodes}
        errors = read_errors(browser)
        server.shutdown()

    assert errors == []
    assert main["layers"][-1] == "reporting"  # empty where layers form a circle
    for names in seen.values():
        assert {"data_processing", *METHODS, "reporting"} <= names


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *args):
        pass
