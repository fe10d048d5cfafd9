"""The static site of Kedro-Viz as a reader sees it, in headless Chromium."""

import json
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chromium import NEEDS_CHROMIUM, SIZES, read_errors, resize

By = pytest.importorskip("selenium.webdriver.common.by").By
WebDriverWait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait

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
        for size in SIZES:
            resize(browser, size)
            browser.get(f"http://127.0.0.1:{server.server_port}")
            nodes = WebDriverWait(browser, 30).until(
                lambda b: b.find_elements(By.CSS_SELECTOR, ".pipeline-node")
            )
            seen[size] = {node.get_attribute("textContent") for node in nodes}
        errors = [
            message
            for message in read_errors(browser)
            if not any(known in message for known in KNOWN_ERRORS)
        ]
        server.shutdown()

    assert errors == []
    assert main["layers"][-1] == "reporting"  # empty where layers form a circle
    for names in seen.values():
        assert {"data_processing", *METHODS, "reporting"} <= names


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *args):
        pass
