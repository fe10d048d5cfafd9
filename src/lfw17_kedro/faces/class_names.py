"""Check the people's names, which become folders and columns of tables."""

import unicodedata
from pathlib import PureWindowsPath
from typing import Any

ID_COLUMN = "id"  # the first column of a table of probabilities
MAX_FOLDER_BYTES = 255  # of a name on Linux, macOS and Windows
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
WINDOWS_DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{port}{number}" for port in ("COM", "LPT") for number in "123456789\xb9\xb2\xb3"
}
WINDOWS_REFUSES = set('<>:"|?*')
# A spreadsheet that opens a CSV runs such cells; a tab or a line end is refused anyway.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@")
CONTROL = {"Cc", "Cs", "Zl", "Zp"}  # Unicode categories, line ends among them
FORMAT = "Cf"  # the category of characters that show nothing or turn the direction
# They show nothing either, but their categories are those of letters and marks. See
# https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point; U+2800 is blank.
FILLERS = set("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Persian and the scripts of India spell names with these between letters:
# https://www.unicode.org/reports/tr31/#Layout_and_Format_Control_Characters
JOINERS = set("\u200c\u200d")
# They choose a form of the character before them, for example in Japanese names.
VARIANTS = {chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))}
HARD_TO_SEE = JOINERS | VARIANTS


def name_folder(class_name: str) -> str:
    """Give the name of the folder for a person's photos."""
    return class_name.replace(" ", "_")


def check_class_names(class_names: Any) -> list[str]:
    """Check the people's names, which become folders and columns of tables.

    Args:
        class_names: the K names.

    Returns:
        The K names.

    Raises:
        ValueError: not a list of text, or names that cannot be folders or columns, that
            a spreadsheet would run, that hold what a reader cannot see, or that would
            share one folder or look the same. Says which names, why, and what to do.
    """
    if not isinstance(class_names, list | tuple) or not class_names:
        raise ValueError(
            "class_names: expected a list of names, one for each person, got "
            f"{class_names!r}; write one name per line, each after a dash."
        )
    problems = []
    owners: dict[str, str] = {}  # what is the same for look-alikes -> name
    for name in class_names:
        if not isinstance(name, str):
            problems.append(f"{name!r} is not text; put quotes around it")
            continue
        if problem := find_name_problem(name):
            problems.append(f"{name!r} {problem}")
            continue
        look = simplify_name(name)
        if look in owners:
            problems.append(
                f"{name!r} and {owners[look]!r} would share one folder or look the "
                "same; rename one"
            )
        owners[look] = name
    if problems:
        raise ValueError(
            "class_names: expected names that can be folders and columns, each "
            f"different from the others, got: {'; '.join(problems)}."
        )
    return [str(name) for name in class_names]


def simplify_name(name: str) -> str:
    """Give what two names share that a file system or a reader takes for the same.

    Args:
        name: a person's name.
    """
    seen = "".join(
        " " if unicodedata.category(character) == "Zs" else character
        for character in name
        if character not in HARD_TO_SEE
    )
    return unicodedata.normalize("NFC", name_folder(seen)).casefold()


def find_name_problem(name: str) -> str | None:
    """Say why a name can be no folder or no column, and what to do.

    Args:
        name: a person's name.

    Returns:
        The end of a sentence that begins with the name; None if the name is fine.
    """
    folder = name_folder(name)
    length = len(folder.encode(errors="replace"))
    problems = {
        "is empty; write a name": not name.strip(),
        "is the name of a column of the table of probabilities; rename it": (
            name == ID_COLUMN
        ),
        "holds a control character or a line end; remove that character": any(
            unicodedata.category(character) in CONTROL for character in name
        ),
        "holds a character that shows nothing or turns the direction of the text; "
        "remove that character": _holds_invisible(name),
        "names another folder; write a name": name in (".", ".."),
        "is a path; write the name without / and \\ and without a drive": (
            "/" in name or "\\" in name or bool(PureWindowsPath(name).drive)
        ),
        'holds one of < > : " | ? *, which Windows refuses; remove that character': (
            not WINDOWS_REFUSES.isdisjoint(name)
        ),
        "starts or ends with a space or a dot; remove it": any(
            end == "." or end.isspace() for end in (name[:1], name[-1:])
        ),
        "starts with = + - or @, as a formula of a spreadsheet; remove that": (
            starts_formula(name)
        ),
        "is reserved on Windows; rename it": (
            folder.partition(".")[0].upper() in WINDOWS_DEVICES
        ),
        f"takes {length} bytes, more than {MAX_FOLDER_BYTES}; shorten it": (
            length > MAX_FOLDER_BYTES
        ),
    }
    return next((problem for problem, found in problems.items() if found), None)


def starts_formula(text: str) -> bool:
    """Tell whether a spreadsheet may run a cell with this text.

    Args:
        text: the cell's text.
    """
    return unicodedata.normalize("NFKC", text).startswith(FORMULA)


def _holds_invisible(name: str) -> bool:
    """Tell whether a name holds characters that a reader cannot see.

    A joiner that stands between two letters is part of the spelling.
    """
    around = zip(f" {name}", name, f"{name[1:]} ", strict=False)
    return any(
        not (_is_letter(before) and _is_letter(after))
        if character in JOINERS
        else character in FILLERS or unicodedata.category(character) == FORMAT
        for before, character, after in around
    )


def _is_letter(character: str) -> bool:
    """Tell letters, and the marks that belong to one, from other characters."""
    return unicodedata.category(character)[0] in "LM"
