"""Take the report, the pipelines and the album from the results on the ORL faces.

make run run-people viz-static && .venv/bin/python docs/make_screenshots.py

Needs Chromium: apt-get install chromium chromium-driver.
"""

import os
import shutil
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image
from selenium import webdriver

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "data" / "08_reporting" / "orl" / "report.html"
ALBUM = ROOT / "data" / "08_reporting" / "people" / "album.html"
SITE = ROOT / "build"
SETTLE = 8  # seconds until all figures are plotted
COLOURS = 128  # of the palette; keeps the pictures small


def main() -> None:
    """Take the pictures."""
    for needed in (REPORT, ALBUM, SITE / "index.html"):
        if not needed.exists():
            raise SystemExit(
                f"expected {needed}, found none; use `make run run-people viz-static`."
            )
    take_picture(REPORT.as_uri(), "report.png", 1200, 1000)
    take_picture(ALBUM.as_uri(), "album.png", 1200, 760)
    handler = partial(SimpleHTTPRequestHandler, directory=SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        take_picture(address, "pipelines.png", 1600, 1100)
        server.shutdown()


def take_picture(address: str, name: str, width: int, height: int) -> None:
    """Open a page in headless Chromium and save a screenshot."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    options.add_argument("--headless=new")
    options.add_argument("--hide-scrollbars")
    options.add_argument(f"--window-size={width},{height}")
    if os.geteuid() == 0:  # Chromium has no sandbox for root
        options.add_argument("--no-sandbox")
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options, service)
    browser.get(address)
    time.sleep(SETTLE)
    browser.execute_script(  # hints of Kedro-Viz for first-time users
        "document.querySelectorAll('[class*=feature-hint]').forEach(x => x.remove())"
    )
    file = ROOT / "docs" / name
    browser.save_screenshot(file)
    browser.quit()
    Image.open(file).convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    main()
