"""Text that a spreadsheet shows and does not run."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def escape_formula(cell: str) -> str:
    """A cell that no spreadsheet runs: a leading apostrophe before what could begin a formula (OWASP "CSV injection").

    Full-width signs count too, as Excel in Chinese takes them for the real ones. Plain numbers stay.
    """
    if not cell.lstrip(" \u3000").startswith(FORMULA):
        return cell
    number = cell.strip().removeprefix("-").replace(".", "", 1)
    return cell if number.isascii() and number.isdigit() else f"'{cell}"
