"""Escapes text in cells of a CSV file, so that a spreadsheet shows it and does not compute it.

A spreadsheet computes a cell that begins with =, +, - or @, in Chinese and Japanese editions with their full-width
forms too. The sign that separates cells is a setting of the reader's machine, and quotation marks work only if the
writer used the same one. So wherever a cell might begin, an apostrophe is put before such a sign. A reader who needs
the text itself takes another format, or removes each apostrophe before such a sign.
"""

import re

_FORMULA = re.compile(
    r"""
    (^|[,;|:\t\r\n])                # where a cell begins, for any separator
    ([\s"']*)                       # what a spreadsheet skips before it decides
    (?=[=+@\-\uff1d\uff0b\uff0d\uff20])
    """,
    re.VERBOSE,
)
_CONTROL = re.compile(r"^(?=[\t\r\n])")
"""Some spreadsheets remove such a sign from the beginning of a cell, and then interpret what follows."""

_NUMBER = r"[+-]?\d*\.?\d+%?"
_NUMBERS = re.compile(rf"[\[(]?{_NUMBER}(?:[,;]? {_NUMBER})*[\])]?")
"""Text that begins with a sign and contains only numbers, such as an interval."""


def guarded(text: str) -> str:
    """The text, escaped so that no spreadsheet finds a formula in it."""
    if _NUMBERS.fullmatch(text):
        return text
    return _CONTROL.sub("'", _FORMULA.sub(r"\1\2'", text))
