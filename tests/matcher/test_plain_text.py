"""Names as people write them, and characters that would make a name look like another."""

import pytest

from matcher.plain_text import MAX_TEXT, fault_of, is_plain, tidied


@pytest.mark.parametrize(
    "text",
    [
        "Ann",
        "O'Brien, Seán «S»",
        "أحمد عبد الله",
        "Jean\u00a0Luc",
        "Jean\u202fLuc",
        "山田\u3000太郎",
        "می\u200cخواهم",  # Persian: letters beside each other that do not connect
        "क्\u200dष",  # Hindi: half a letter, after the sign that takes the vowel away
        "മോഹന്\u200d",  # Malayalam: such a half letter ends the name
        "র\u200d্য",  # Bengali: a mark follows the joiner
        "e\u0301",
        "葛\U000e0100城",  # Japanese: which form of the first sign a family writes
        "x" * MAX_TEXT,
    ],
)
def test_names_of_all_languages_are_plain(text: str) -> None:
    assert fault_of(text) is None
    assert is_plain(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        ("x" * (MAX_TEXT + 1), "is longer than 200 characters"),
        (" Ann", "begins or ends with a blank"),
        ("Ann\u00a0", "begins or ends with a blank"),
        ("Ann\u202enaeJ", "holds U+202E (right-to-left override), which changes the order in which a text is shown"),
        ("A\u2066nn", "holds U+2066 (left-to-right isolate), which changes the order in which a text is shown"),
        ("An\u2069n", "holds U+2069 (pop directional isolate), which changes the order in which a text is shown"),
        ("An\u200bn", "holds U+200B (zero width space), which is not shown"),
        ("An\u200en", "holds U+200E (left-to-right mark), which is not shown"),
        ("An\ufeffn", "holds U+FEFF (zero width no-break space), which is not shown"),
        ("An\u00adn", "holds U+00AD (soft hyphen), which is not shown"),
        ("\u3164", "holds U+3164 (hangul filler), which is not shown"),
        ("\u2800", "holds U+2800 (braille pattern blank), which is not shown"),
        ("An\u034fn", "holds U+034F (combining grapheme joiner), which is not shown"),
        ("An\ufe0fn", "holds U+FE0F (variation selector-16), which is not shown"),
        ("An\nn", "holds U+000A (control character), which is not shown"),
        ("An\x00n", "holds U+0000 (control character), which is not shown"),
        ("An\u2028n", "holds U+2028 (line separator), which is not shown"),
        ("An\ud800n", "holds U+D800 (unassigned character), which is not shown"),
        ("\u200dAnn", "holds U+200D (zero width joiner) outside a word"),
        ("Ann\u200d", "holds U+200D (zero width joiner) outside a word"),
        ("Ann \u200cLee", "holds U+200C (zero width non-joiner) outside a word"),
        ("Ann\u200d\u200dLee", "holds U+200D (zero width joiner) outside a word"),
        ("👩\u200d👧", "holds U+200D (zero width joiner) outside a word"),
    ],
)
def test_what_makes_a_text_unfit_is_said(text: str, fault: str) -> None:
    assert fault_of(text) == fault
    assert not is_plain(text)


def test_a_text_is_kept_without_blanks_around_it_and_composed() -> None:
    assert tidied(" \u00a0Ann \n") == "Ann"
    assert tidied("Jose\u0301") == tidied("Jos\u00e9") == "Jos\u00e9"
    assert tidied("می\u200cخواهم") == "می\u200cخواهم"
    assert tidied(" \t") == ""
