"""The long form of the suite, and what its tests share."""

import datetime
import os
import platform
import re
import shutil
from functools import partial
from pathlib import Path

import pytest
from fault_project import make_project, mirror_faces, save_faces
from fault_verdicts import Tally
from fault_zygote import Trial, Zygote, find_compiler

START, END = "<!-- faults: start -->", "<!-- faults: end -->"


def pytest_addoption(parser):
    parser.addoption(
        "--campaign",
        metavar="FILE",
        help="inject many more faults, write their table between the markers of FILE",
    )


def pytest_collection_modifyitems(config, items):
    """Leave the cases of the campaign out of the short form."""
    if config.getoption("--campaign", default=None):
        return
    kept = [item for item in items if item.get_closest_marker("campaign") is None]
    config.hook.pytest_deselected(items=[one for one in items if one not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def campaign(request):
    """Whether this is the long form."""
    return request.config.getoption("--campaign", default=None)


@pytest.fixture(scope="session")
def tally(campaign):
    """Counts what comes of the faults; the long form prints and writes the table."""
    if campaign is None:
        yield Tally()
        return
    tally = Tally(partial(write_table, Path(campaign)))
    yield tally
    print(f"\n{tally.write_table()}")  # noqa: T201 (the campaign's result)


@pytest.fixture(scope="session")
def zygote(tmp_path_factory):
    """Start the process that forks the processes of trials."""
    if find_compiler() is None:
        pytest.skip("expected Linux and a C compiler (cc, gcc or clang) for the shim")
    zygote = Zygote(tmp_path_factory.mktemp("zygote"))
    yield zygote
    zygote.close()


@pytest.fixture(scope="session")
def projects(zygote, campaign, few_faces, tmp_path_factory):
    """Give a project in some state, made when it is first asked for; do not change it.

    empty: nothing was run; prepared: data_processing; complete: all but the networks,
    with networks in the campaign; another seed and other faces: data_processing once
    more, in the campaign the SVM too.
    """
    made = {}
    svm = ["facenet_svm"] if campaign else []
    networks = ["scratch_cnn", "transfer_learning"] if campaign else []
    steps = {  # state -> the one before, the pipelines
        "prepared": ("empty", ["data_processing"]),
        "complete": ("prepared", ["facenet_svm", *networks, "reporting"]),
        "another seed": ("complete", ["data_processing", *svm]),
        "other faces": ("complete", ["data_processing", *svm]),
    }

    def give(state):
        if state not in made:
            folder = tmp_path_factory.mktemp("projects") / state.replace(" ", "_")
            if state == "empty":
                made[state] = make_project(folder, few_faces)
                return folder
            earlier, pipelines = steps[state]
            shutil.copytree(give(earlier), folder)
            if state == "other faces":
                save_faces(folder, mirror_faces(few_faces))
            seed = ["--params", "seed=1"] if state == "another seed" else []
            for pipeline in pipelines:
                words = ["run", "--pipelines", pipeline, *seed]
                run = {"project": str(folder), "words": words}
                [done] = zygote.run([Trial("kedro", run)])
                assert done.code == 0, done.output
            made[state] = folder
        return made[state]

    return give


@pytest.fixture
def prepared(projects, tmp_path):
    """A project in which data_processing was run."""
    shutil.copytree(projects("prepared"), tmp_path / "project")
    return tmp_path / "project"


def write_table(file, tally):
    """Put the table, the date and the machine between the markers of a file.

    Rows of faults that were not injected this time stay.
    """
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = file.read_text(encoding="utf-8")
    found = re.search(f"{START}(.*){END}", text, flags=re.DOTALL)
    if not found:
        raise ValueError(f"{file}: expected the markers {START} and {END}.")
    table = tally.write_table(found[1])
    block = (
        f"{START}\nMeasured on {date}, {machine}, Python "
        f"{platform.python_version()}.\n\n{table}\n{END}"
    )
    file.write_text(text.replace(found[0], block), encoding="utf-8")
