"""No spreadsheet finds a formula in a guarded text, whichever sign parts its cells."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.spreadsheet import guarded

SIGNS = "=+-@＝＋－＠"
SEPARATORS = ",;|:\t\n"


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", ["", " ", '"', "x;", "x,", "x\t", "x|", 'x";', "x; ", "x\r", "x\n", "\t", "\r"])
def test_a_formula_is_guarded_wherever_a_cell_might_begin(before: str, sign: str) -> None:
    shown = guarded(f"{before}{sign}HYPERLINK(1)")
    assert f"'{sign}" in shown
    assert shown.replace(f"'{sign}", sign).lstrip("'") == f"{before}{sign}HYPERLINK(1)", "the text itself is there"


@pytest.mark.parametrize(
    "text", ["", "a-b", "1+1", "a@b.org", "-0.25", "+3", "-0.5, -0.1", "[-0.5, -0.1]", "−3", "it's"]
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize("text", ["-2+3", "-1|cmd", "+1;=2", "-", "-.5x", "-1-1"])
def test_what_only_begins_like_a_number_is_guarded(text: str) -> None:
    assert guarded(text).startswith("'")


@given(st.text(alphabet=f"{SIGNS}{SEPARATORS}\"' \rx1", max_size=12), st.sampled_from(SEPARATORS))
def test_no_cell_is_a_formula_by_any_separator(text: str, separator: str) -> None:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerow(["left", guarded(text), "right"])
    # As a spreadsheet does that parts by another sign and knows nothing of the quotation marks.
    for line in file.getvalue().splitlines():
        for cell in line.split(separator):
            begun = cell.lstrip('" \t\r\n')
            assert not begun.startswith(tuple(SIGNS)) or guarded(text) == text, (text, cell)
