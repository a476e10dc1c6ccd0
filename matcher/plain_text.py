"""Checks short texts that people type, such as names and purposes, before they are stored and shown."""

import unicodedata

MAX_TEXT = 200
"""The greatest length of a text, in characters."""

_SPACES = frozenset(" \u00a0\u202f\u3000")
"""Spaces within a name: the ordinary one, the no-break ones, and the ideographic one."""

_JOINERS = frozenset("\u200c\u200d")
"""Joiners: within a word they decide how the letters beside them are drawn, in Persian, Hindi and other languages."""

_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that Unicode counts as printable and that are not visible."""

_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Variation selectors: after an ideograph they choose how it is drawn, as Japanese names need; elsewhere they are not
visible."""

_REORDERING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Bidirectional classes: with one of these a text is shown in another order than it is stored."""

_VIRAMA = 9
"""The combining class of the sign that takes a consonant's vowel away; a joiner may end a word after it."""


def tidied(text: str) -> str:
    """The text as it is stored: without blanks around it, and composed (Unicode's NFC), since keyboards write one
    letter as one character or as two."""
    return unicodedata.normalize("NFC", text.strip())


def fault_of(text: str, *, most: int = MAX_TEXT) -> str | None:
    """Why a text cannot be stored, the end of a sentence; None for 1 to `most` visible characters without blanks around
    them."""
    if not text:
        return "is empty"
    if len(text) > most:
        return f"is longer than {most} characters"
    if text != text.strip():
        return "begins or ends with a blank"
    for place, character in enumerate(text):
        if not is_shown(character) or (character in _SELECTORS and not _is_ideograph(text[place - 1 : place])):
            return f"holds {_named(character)}{_effect(character)}"
        if character in _JOINERS and not _joins(text, place):
            return f"holds {_named(character)} outside a word"
    return None


def is_plain(text: str) -> bool:
    """True if a text can be stored."""
    return fault_of(text) is None


def is_shown(character: str) -> bool:
    """True if a character is visible, or only decides how its neighbours are drawn."""
    seen = character.isprintable() and character not in _UNSEEN
    return seen or character in _SPACES or character in _JOINERS or character in _SELECTORS


def _joins(text: str, place: int) -> bool:
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    return _in_word(before) and (_in_word(after) or unicodedata.combining(before) == _VIRAMA)


def _is_ideograph(character: str) -> bool:
    return character != "" and unicodedata.name(character, "").startswith("CJK")


def _in_word(character: str) -> bool:
    """True for a letter or a mark on one; false for None."""
    return character != "" and unicodedata.category(character)[0] in "LM"


def _named(character: str) -> str:
    unnamed = "control character" if unicodedata.category(character) == "Cc" else "unassigned character"
    return f"U+{ord(character):04X} ({unicodedata.name(character, unnamed).lower()})"


def _effect(character: str) -> str:
    if unicodedata.bidirectional(character) in _REORDERING:
        return ", which changes the order in which a text is shown"
    return ", which is not shown"
