"""What may come of a fault, and the count of what came."""

import re
from collections import Counter
from pathlib import Path

AS_BEFORE, NEW, REFUSED, FINDING = VERDICTS = (
    "as before",
    "new",
    "refused",
    "finding",
)
MAX_MESSAGE = 1200  # characters; paths and a command are long
MAX_SHOWN = 20
MAX_MEMORY = 1024  # MB over what a process needs that does nothing
SENTENCE_END = re.compile(r"[.!?] +[A-Z]")
LEFTOVER = re.compile(r"\.(part|old)(\.\w+)?$")


class Tally:
    """Counts the verdicts of each kind of fault, and keeps the findings."""

    def __init__(self, save=None):
        """Start at zero.

        Args:
            save: called after each trial, so that a campaign that is stopped counts.
        """
        self.save = save or (lambda _: None)
        self.counts = {}
        self.new, self.unchecked = [], 0

    def add(self, kind, verdict, finding=None):
        """Count one trial; a finding says how to see it again."""
        self.counts.setdefault(kind, Counter())[verdict] += 1
        self.unchecked += 1
        if verdict == FINDING:
            self.new.append(finding)
        self.save(self)

    def judge(self, kind, verdict, problems, trial):
        """Count one trial: its verdict, or a finding where there are problems."""
        if problems:
            self.add(kind, FINDING, f"{trial}: {'; '.join(problems)}")
        else:
            self.add(kind, verdict)

    def check(self, injected):
        """Fail if there were findings since the last check, or too few trials.

        Args:
            injected: how many trials there should have been.
        """
        found, self.new = self.new, []
        total, self.unchecked = self.unchecked, 0
        shown = "\n".join(found[:MAX_SHOWN])
        assert not found, f"{len(found)} findings\n{shown}"
        assert total == injected > 0, f"{total} of {injected} faults were injected"

    def write_table(self, before=""):
        """Write one row per kind of fault, in Markdown.

        Args:
            before: a table, whose rows of other kinds stay.
        """
        rows = {}
        for line in before.splitlines():
            cells = [cell.strip() for cell in line.strip("| ").split("|")]
            if len(cells) == 2 + len(VERDICTS) and cells[1].isdigit():
                rows[cells[0]] = cells
        for kind, counts in self.counts.items():
            numbers = [counts.total(), *(counts[verdict] for verdict in VERDICTS)]
            rows[kind] = [kind, *map(str, numbers)]
        head = ["fault", "injected", *VERDICTS]
        lines = [head, ["---"] * len(head), *(rows[kind] for kind in sorted(rows))]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def find_problems_of_message(message, *mentions):
    """Say what is wrong with an error's message; it should be one sentence."""
    problems = []
    text = message.strip()
    if "\n" in text:
        problems.append("several lines")
    if SENTENCE_END.search(text):
        problems.append("several sentences")
    if not text.endswith("."):
        problems.append("no full stop")
    if "Traceback" in text:
        problems.append("a traceback")
    if len(text) > MAX_MESSAGE:
        problems.append(f"{len(text)} characters")
    if ";" not in text:
        problems.append("nothing to do")
    problems += [f"no mention of {one}" for one in mentions if one not in text]
    return [f"{', '.join(problems)} in {text!r}"] if problems else []


def find_leftovers(folder):
    """List parts and old versions that a save has left."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in Path(folder).rglob(".*")
        if LEFTOVER.search(path.name)
    )


def find_problems_of_process(outcome):
    """Say whether a process hung, aborted or showed a traceback."""
    problems = []
    if outcome.hung:
        problems.append(f"hung for {outcome.seconds:.0f} s")
    elif outcome.code < 0:
        problems.append(f"ended by signal {-outcome.code}")
    if "Traceback" in outcome.output:
        problems.append(f"a traceback: {outcome.output[-600:]!r}")
    return problems
