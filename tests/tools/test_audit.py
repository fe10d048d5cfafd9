import json

import pytest

from audit import main

CLEAN = {"name": "numpy", "version": "2.4.6", "vulns": []}
FLAW = {"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"], "description": "Reads on."}
UNFIXED = {"id": "PYSEC-2", "fix_versions": [], "description": "Writes on."}
FLAWED = {"name": "left", "version": "1.0", "vulns": [FLAW, UNFIXED]}
UNKNOWN = {"name": "uv", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture
def pip_audit(tmp_path):
    """Make a pip-audit that prints what it is told and keeps its arguments."""

    def make(packages=None, stdout="", stderr="", status=0):
        if packages is not None:
            stdout = json.dumps({"dependencies": packages, "fixes": []})
        for name, text in (("out", stdout), ("err", stderr)):
            (tmp_path / name).write_text(text)
        program = tmp_path / "pip-audit"
        program.write_text(
            f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n'
            f"cat {tmp_path}/out; cat {tmp_path}/err >&2; exit {status}\n"
        )
        program.chmod(0o755)
        return program

    return make


def test_every_lock_is_looked_up_by_its_hashes(pip_audit, tmp_path, capsys):
    assert main(["a.lock", "b.lock"], pip_audit([CLEAN])) == 0

    arguments = (tmp_path / "arguments").read_text()
    assert arguments.split("--format=json ")[1] == (
        "--requirement a.lock --requirement b.lock\n"
    )
    assert "--require-hashes --disable-pip" in arguments
    assert capsys.readouterr().out == (
        "Packages looked up: 1; known vulnerabilities: none.\n"
    )


def test_vulnerabilities_are_named_with_what_fixes_them(pip_audit, capsys):
    assert main(["a.lock"], pip_audit([CLEAN, FLAWED], status=1)) == 1

    assert capsys.readouterr().out.splitlines() == [
        "left 1.0: PYSEC-1, fixed in 1.1, 2.0",
        "left 1.0: PYSEC-2, no fixed version yet",
        "Run `make lock`, then `make test`, to take fixed versions.",
    ]


def test_no_internet_is_one_sentence(pip_audit, capsys):
    trace = "Traceback (most recent call last):\n  File\nProxyError: no way to pypi.org"

    assert main(["a.lock"], pip_audit(stderr=trace, status=1)) == 2

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        "audit: expected vulnerabilities from pypi.org, got: ProxyError: no way to "
        "pypi.org; run this where there is internet.\n"
    )


@pytest.mark.parametrize("answer", ["[]", '{"fixes": []}', "null", "<html>"])
def test_an_answer_of_another_shape_is_no_answer(pip_audit, capsys, answer):
    assert main(["a.lock"], pip_audit(stdout=answer)) == 2

    assert "expected vulnerabilities from pypi.org, got: nothing; run this where" in (
        capsys.readouterr().err
    )


def test_packages_that_pypi_does_not_know_are_not_passed(pip_audit, capsys):
    assert main(["a.lock"], pip_audit([CLEAN, UNKNOWN])) == 2

    assert (
        "it does not know 1 of 2 (uv); run this where pypi.org itself answers"
        in capsys.readouterr().err
    )


def test_many_unknown_packages_are_cut_short(pip_audit, capsys):
    unknown = [UNKNOWN | {"name": name} for name in "abcd"]

    assert main(["a.lock"], pip_audit(unknown)) == 2

    assert "4 of 4 (a, b, c, ...)" in capsys.readouterr().err


def test_no_lock_is_refused(pip_audit, capsys):
    assert main([], pip_audit([])) == 2

    assert "expected lock files to audit, got none" in capsys.readouterr().err
