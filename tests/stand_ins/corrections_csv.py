"""A file of corrections as the album's page writes it."""

import csv
import io

from lfw17_kedro.people.corrections_file import COLUMNS, list_cells


def write_corrections(corrections) -> bytes:
    """Write corrections as CSV with the line ends of RFC 4180."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # so that both are quoted
    writer.writerow(COLUMNS)
    writer.writerows(map(list_cells, corrections))
    return text.getvalue().encode()
