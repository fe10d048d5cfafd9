"""An album open in headless Chromium, and what a user does there."""

import pandas as pd
from chromium import open_file, read_errors, reload, resize, wait_for
from invented_album import save_pictures, small_album

try:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:  # then no test opens a page
    pass


class Page:
    """An open album: what a user does, and what the user sees."""

    def __init__(self, driver, folder):
        self.driver, self.folder = driver, folder
        self.resize("desktop")
        driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior",
            {"behavior": "allow", "downloadPath": str(folder)},
        )

    def resize(self, size):
        resize(self.driver, size)

    def open(self, tables=None, corrections=(), **options):
        tables = small_album() if tables is None else tables
        save_pictures(self.folder, tables)
        file = self.folder / "album.html"
        file.write_text(tables.render(corrections, **options), encoding="utf-8")
        return self.show(file)

    def show(self, file):
        open_file(self.driver, file)
        return self

    def reload(self):
        reload(self.driver)

    def go(self, route):
        self.run(
            "const before = location.hash; location.hash = arguments[0];"
            # The heading has it again when the page shows the other view.
            "if (location.hash !== before) document.activeElement.blur()",
            f"#/{route}",
        )
        self.wait(
            lambda: self.run(
                "return places.size && places.has(location.hash) "
                "&& document.activeElement.tagName === 'H1'"
            )
        )

    def run(self, script, *values):
        return self.driver.execute_script(script, *values)

    def find(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return [element.text for element in self.find(selector)]

    def click(self, selector):
        self.find(selector)[0].click()

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def focus(self, selector):
        self.run("document.querySelector(arguments[0]).focus()", selector)

    def wait(self, ready):
        return wait_for(self.driver, ready)

    def errors(self):
        return read_errors(self.driver)

    def save(self):
        """Press the button, and read the downloaded file."""
        self.click("#save")
        file = self.folder / "corrections.csv"
        self.wait(file.exists)
        self.click("#saved-close")
        return pd.read_csv(file, dtype=str, keep_default_na=False)

    def name_face(self, name):
        """Write a name into the open dialog."""
        self.wait(lambda: self.find("dialog[open] input[name=name]"))
        field = self.find("dialog[open] input[name=name]")[0]
        field.clear()
        field.send_keys(name, Keys.ENTER)
