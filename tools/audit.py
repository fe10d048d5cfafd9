"""Asks PyPI for known vulnerabilities of the packages in lock files.

    python tools/audit.py requirements.lock ...

pip-audit by itself ends with a traceback where there is no internet, and it counts a
package that PyPI's answer leaves out, as a mirror's answer may, as one without
vulnerabilities. Here both are errors. The packages are those that this Python and this
operating system would install.

Exit status: 0 if every package was looked up and none has a known vulnerability, 1 if
one has, 2 if the question could not be answered.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PIP_AUDIT = Path(sys.executable).with_name("pip-audit")
HOW = ("--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json")
SHOWN = 3  # packages of an error


class UnansweredError(Exception):
    """The vulnerabilities of the packages could not be looked up."""


def look_up(locks: list[str], pip_audit: Path = PIP_AUDIT) -> list[dict[str, Any]]:
    """Look up the packages of lock files.

    Args:
        locks: paths of files of pinned requirements with hashes.
        pip_audit: path of the program.

    Returns:
        A package each: `name`, `version`, and `vulns`, a list of dicts with `id`,
        `fix_versions` and `description`.

    Raises:
        UnansweredError: no lock file; no answer; or an answer without some package.
    """
    if not locks:
        raise UnansweredError("expected lock files to audit, got none; name some.")
    files = [word for lock in locks for word in ("--requirement", lock)]
    command = [str(pip_audit), *HOW, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (our own words)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise UnansweredError(
            f"expected vulnerabilities from pypi.org, got: {last}; run this where "
            "there is internet."
        ) from None
    unknown = [package["name"] for package in packages if "vulns" not in package]
    if unknown:
        shown = ", ".join(unknown[:SHOWN]) + (", ..." if len(unknown) > SHOWN else "")
        raise UnansweredError(
            f"expected pypi.org to know each package, but it does not know "
            f"{len(unknown)} of {len(packages)} ({shown}); run this where pypi.org "
            "itself answers, not a mirror of it."
        )
    return packages


def describe_vulnerabilities(packages: list[dict[str, Any]]) -> list[str]:
    """Describe each vulnerability in a line: package, version, id and remedy."""
    return [
        f"{package['name']} {package['version']}: {found['id']}, "
        + (
            f"fixed in {', '.join(found['fix_versions'])}"
            if found["fix_versions"]
            else "no fixed version yet"
        )
        for package in packages
        for found in package["vulns"]
    ]


def main(locks: list[str], pip_audit: Path = PIP_AUDIT) -> int:
    """Print what was found; see the module for the exit status."""
    try:
        packages = look_up(locks, pip_audit)
    except UnansweredError as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    lines = describe_vulnerabilities(packages)
    if lines:
        print(*lines, sep="\n")
        print("Run `make lock`, then `make test`, to take fixed versions.")
        return 1
    print(f"Packages looked up: {len(packages)}; known vulnerabilities: none.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
