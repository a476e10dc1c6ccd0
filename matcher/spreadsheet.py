"""Text in cells of a CSV file, which a spreadsheet must show and never compute.

A spreadsheet computes a cell that begins with =, +, - or @, in Chinese and Japanese editions with their full-width
forms too. Which sign parts the cells is a setting of the reader's machine, and quotation marks hold a cell together
only where it is the writer's. So wherever a cell might begin, an apostrophe stands before such a sign. A reader who
wants the text itself takes another format, or takes out each apostrophe that stands before such a sign.
"""

import re

_FORMULA = re.compile(
    r"""
    (^|[,;|:\t\r\n])                # where a cell begins, whatever parts them
    ([\s"']*)                       # what a spreadsheet passes over before it decides
    (?=[=+@\-\uff1d\uff0b\uff0d\uff20])
    """,
    re.VERBOSE,
)
_CONTROL = re.compile(r"^(?=[\t\r\n])")
"""Some spreadsheets take such a sign off the beginning of a cell, and then look at what follows."""

_NUMBER = r"[+-]?\d*\.?\d+%?"
_NUMBERS = re.compile(rf"[\[(]?{_NUMBER}(?:[,;]? {_NUMBER})*[\])]?")
"""What begins with a sign and is still nothing but numbers, such as an interval."""


def guarded(text: str) -> str:
    """The text, so that no spreadsheet finds a formula in it."""
    if _NUMBERS.fullmatch(text):
        return text
    return _CONTROL.sub("'", _FORMULA.sub(r"\1\2'", text))
