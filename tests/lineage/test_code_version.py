import ast
import shutil
from functools import partial

import pytest

from lfw17_kedro.lineage import code_version
from lfw17_kedro.lineage.code_version import find_module, hash_code

SOURCE = code_version.ROOT


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An invented package: `a` imports `b` inside a function; `c` stands alone."""
    monkeypatch.setattr(code_version, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text(
        '"""A."""\ndef f():\n    from lfw17_kedro.b import g\n    return g()\n'
    )
    (tmp_path / "b.py").write_text("def g():\n    return 1\nasync def h():\n    pass\n")
    (tmp_path / "c.py").write_text("x = 1\n")

    def clear():
        code_version._read_module.cache_clear()
        code_version._hash_modules.cache_clear()

    clear()
    yield tmp_path
    clear()


def hash_again(name):
    code_version._read_module.cache_clear()
    code_version._hash_modules.cache_clear()
    return hash_code(f"lfw17_kedro.{name}")


def test_code_that_is_imported_counts(package):
    before = hash_again("a"), hash_again("c")

    (package / "b.py").write_text("def g():\n    return 2\n")

    assert hash_again("a") != before[0]
    assert hash_again("c") == before[1]


def test_comments_docstrings_and_layout_do_not_count(package):
    before = hash_again("a")

    (package / "b.py").write_text(
        '"""B."""\n# a comment\ndef g( ):\n    """One."""\n\n    return (1)\n'
        'async def h():\n    """Wait."""\n    pass\n'
    )

    assert hash_again("a") == before


def test_files_of_a_folder_that_a_module_names_count(package):
    (package / "c.py").write_text('x = read("templates")\n')
    (package / "templates").mkdir()
    (package / "templates" / "page.html").write_text("one")
    (package / "templates" / ".page.html.swp").write_text("one")
    before = hash_again("a"), hash_again("c")

    (package / "templates" / ".page.html.swp").write_text("two")
    assert (hash_again("a"), hash_again("c")) == before

    (package / "templates" / "page.html").write_text("two")
    assert hash_again("a") == before[0]
    assert hash_again("c") != before[1]


@pytest.mark.parametrize("name", ["report.html", "report.css", "report.js"])
def test_a_changed_template_of_the_report_counts(package, name):
    no_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SOURCE, package, dirs_exist_ok=True, ignore=no_caches)
    before = hash_again("pipelines.reporting.nodes")
    template = package / "reporting" / "templates" / name

    template.write_text(f"{template.read_text('utf-8')} ", "utf-8")

    assert hash_again("pipelines.reporting.nodes") != before


def test_partials_and_methods_count_with_what_they_hold():
    from lfw17_kedro.pipeline_registry import METHODS
    from lfw17_kedro.pipelines.modelling.nodes import fit_model

    bound = {hash_code(partial(fit_model, method=method)) for method in METHODS}

    assert len(bound) == len(METHODS)
    assert hash_code(fit_model) not in bound
    assert hash_code(ast.dump, None, 5) == hash_code()


def test_modules_of_other_packages_are_not_looked_for():
    assert find_module("numpy") is None
    assert find_module("lfw17_kedro.nothing") is None
    assert find_module("lfw17_kedro.faces").name == "__init__.py"
