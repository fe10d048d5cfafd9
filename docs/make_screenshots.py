"""Draw docs/report.png and docs/pipelines.png, from the results on the ORL faces.

make run viz-static && .venv/bin/python docs/make_screenshots.py

Needs Chromium: apt-get install chromium.
"""

import os
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "data" / "08_reporting" / "orl" / "report.html"
SITE = ROOT / "build"
COLOURS = 128  # of the palette; keeps the pictures small


def main() -> None:
    """Take both pictures."""
    for needed in (REPORT, SITE / "index.html"):
        if not needed.exists():
            raise SystemExit(f"expected {needed}, found none; run make run viz-static.")
    take_picture(REPORT.as_uri(), "report.png", 1200, 1000)
    handler = partial(SimpleHTTPRequestHandler, directory=SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        take_picture(address, "pipelines.png", 1600, 1100)
        server.shutdown()


def take_picture(address: str, name: str, width: int, height: int) -> None:
    """Open a page in headless Chromium and keep what it shows."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("expected chromium, found none; apt-get install chromium.")
    file = ROOT / "docs" / name
    command = [
        chromium,
        "--headless=new",
        "--disable-gpu",
        "--hide-scrollbars",
        "--virtual-time-budget=20000",
        f"--window-size={width},{height}",
        f"--screenshot={file}",
        address,
    ]
    if os.geteuid() == 0:  # Chromium has no sandbox for root
        command.insert(1, "--no-sandbox")
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 (fixed words)
    Image.open(file).convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    main()
