"""Headless Chromium for the tests that look at pages."""

import shutil
from contextlib import contextmanager

import pytest

try:
    from selenium import webdriver
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError:
    webdriver = None

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")

LOADING_SECONDS = 60
SIZES = {"desktop": (1200, 900), "phone": (360, 740)}
NEEDS_CHROMIUM = pytest.mark.skipif(
    not (webdriver and CHROMIUM and DRIVER),
    reason="needs selenium, chromium and chromedriver: apt-get install chromium "
    "chromium-driver",
)


@contextmanager
def open_chromium():
    """Start Chromium, which keeps its console, and end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu"):
        options.add_argument(f"--{flag}")
    # Not even a look-up: a page must not wait for a network that answers late or never.
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        driver.set_page_load_timeout(LOADING_SECONDS)
        driver.set_script_timeout(LOADING_SECONDS)
        yield driver
    finally:
        driver.quit()


def open_file(driver, file):
    """Open a page on the disk and wait until it is read to its end."""
    open_url(driver, file.as_uri())


def open_url(driver, url):
    """Open a page and wait until it is read to its end."""
    _load(driver, lambda: driver.get(url))


def reload(driver):
    """Open the same page again and wait until it is read to its end."""
    _load(driver, driver.refresh)


def _load(driver, begin):
    """Let a page take the place of another, and wait until it is read to its end.

    The driver may return while the page before it is still the one that answers.
    """
    driver.execute_script("window.isOld = true")
    begin()
    script = "return !window.isOld && document.readyState === 'complete'"
    wait_for(driver, lambda: driver.execute_script(script))


def wait_for(driver, ready):
    """Wait until a function gives something, and give that.

    A page may take an element away that the function has found.
    """
    wait = WebDriverWait(
        driver, LOADING_SECONDS, ignored_exceptions=[StaleElementReferenceException]
    )
    return wait.until(lambda _: ready())


def settle(driver, selector):
    """Wait until some elements stay as they are for longer than Plotly delays a change.

    The page's own clock tells, so what it has delayed before comes first.
    """
    driver.execute_async_script(
        "const [selector, done] = arguments;"
        "const measure = () => JSON.stringify([...document.querySelectorAll(selector)]"
        ".map(element => element.getBoundingClientRect()));"
        "const look = before => setTimeout(() => {"
        "const now = measure(); now === before ? done() : look(now) }, 200);"
        "look(measure())",
        selector,
    )


def resize(driver, size):
    """Give Chromium the screen of a desktop or of a phone."""
    width, height = SIZES[size]
    screen = {"width": width, "height": height, "deviceScaleFactor": 1}
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", screen | {"mobile": size == "phone"}
    )


def read_errors(driver):
    """Give the errors on the console since they were last read."""
    log = driver.get_log("browser")
    return [entry["message"] for entry in log if entry["level"] == "SEVERE"]
