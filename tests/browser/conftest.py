"""Headless Chromium for the tests of a module, and pages open in it."""

import pytest
from album_page import Page
from chromium import open_chromium, open_url


@pytest.fixture(scope="module")
def chromium():
    """One headless Chromium for all tests of a module, which keeps its console."""
    with open_chromium() as driver:
        yield driver


@pytest.fixture
def browser(chromium):
    """Chromium with an empty console and no page of another test."""
    open_url(chromium, "about:blank")
    chromium.get_log("browser")
    yield chromium
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.fixture
def album(browser, tmp_path):
    """Open an album of one's own, on a desktop."""
    yield Page(browser, tmp_path)
    browser.execute_script("localStorage.clear(); sessionStorage.clear();")
    browser.execute_script("changes.clear(); saved.clear();")  # nothing to warn of
