"""The static site of Kedro-Viz as a reader sees it, in headless Chromium."""

import json
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chromium import (
    NEEDS_CHROMIUM,
    SIZES,
    open_url,
    read_errors,
    resize,
    wait_for,
)

METHODS = ("scratch_cnn", "facenet_svm")
# Kedro-Viz 12.5's own: its page asks for a font of the network, which may be away, and
# for a list of packages that its static build does not write.
KNOWN_ERRORS = ("fonts.googleapis.com", "/api/metadata", "metadata fetch error")

pytestmark = NEEDS_CHROMIUM


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
        try:
            for size in SIZES:
                resize(browser, size)
                open_url(browser, f"http://127.0.0.1:{server.server_port}")
                seen[size] = set(wait_for(browser, partial(read_nodes, browser)))
            errors = [
                message
                for message in read_errors(browser)
                if not any(known in message for known in KNOWN_ERRORS)
            ]
        finally:
            server.shutdown()

    assert errors == []
    assert main["layers"][-1] == "reporting"  # empty where layers form a circle
    for names in seen.values():
        assert {"data_processing", *METHODS, "reporting"} <= names


def read_nodes(browser):
    """Give the texts of the nodes that are drawn."""
    return browser.execute_script(
        "return [...document.querySelectorAll('.pipeline-node')]"
        ".map(node => node.textContent)"
    )


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *args):
        pass
