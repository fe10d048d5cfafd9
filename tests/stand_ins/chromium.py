"""Headless Chromium for the tests that look at pages."""

import shutil
from contextlib import contextmanager

import pytest

try:
    from selenium import webdriver
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
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        driver.set_page_load_timeout(LOADING_SECONDS)
        yield driver
    finally:
        driver.quit()


def open_file(driver, file):
    """Open a page on the disk and wait until it is read to its end.

    The driver may return while the page before it is still the one that answers.
    """
    driver.get(file.as_uri())
    script = (
        "return location.href.startsWith(arguments[0]) "
        "&& document.readyState === 'complete'"
    )
    WebDriverWait(driver, LOADING_SECONDS).until(
        lambda _: driver.execute_script(script, file.as_uri())
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
