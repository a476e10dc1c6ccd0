"""Whatever is fed to the log's parsers, they take it or refuse it, and what they take is written as it was read.

`make fuzz` does it a million times.
"""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from matcher.audit.examination import examine
from matcher.audit.receipt import Receipt
from matcher.clock import system_clock
from matcher.log.entry import EntryKind, decode, encode
from matcher.log.errors import EntryNewerError, ReceiptError
from matcher.timestamp import format_time
from matcher.tlog.bundle import pack_bundle, unpack_bundle
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.cosignature import CosignatureVerifier, Cosigner
from matcher.tlog.errors import NoteError, PolicyError
from matcher.tlog.merkle import EMPTY_ROOT, Frontier, leaf_hash
from matcher.tlog.note import Signer, Verifier, open_note, sign_note
from matcher.tlog.policy import Policy
from matcher.tlog.tile import Tile
from matcher.tlog.witness import Refusal, Witness

CASES = int(os.environ.get("CLEARGLASS_FUZZ_CASES", "300"))
"""For each parser."""

SIGNER = Signer(name="example.com/log", seed=bytes(range(32)))
COSIGNER = Cosigner(name="example.org/w", seed=bytes(range(32)))
ENTRY = encode(
    format_time(system_clock()), EntryKind.LOG_READ, {"actor": "user:1", "read": [1, 2.5, None, {"é": "\U0001f600"}]}
)
OLD_ENTRY = (
    b'{"body":{"candidates":[{"dissimilarity":0.25,"dlib":0.5,"rank":1,"reference":"r","sface":0.125,"subject":"s"}],'
    b'"ended_at":"2026-03-01T12:00:00.000000Z","request":0,"started_at":"2026-03-01T12:00:00.000000Z"},'
    b'"kind":"outcome","time":"2026-03-01T12:00:00.000000Z","version":1}'
)
"""Bodies of version 1."""

UNREADABLE = (ValueError, RecursionError, EntryNewerError)
CHECKPOINT = Checkpoint(origin=SIGNER.name, size=1, root=Frontier().append(leaf_hash(ENTRY)).root())
NOTE = sign_note(CHECKPOINT.text, SIGNER)


@dataclass(frozen=True, kw_only=True)
class Parser:
    """read: takes a text, or raises one of `refuses`; gives the text that it would be written as, or None."""

    read: Callable[[str], str | None]
    refuses: tuple[type[Exception], ...]
    valid: str


def bundle(text: str) -> None:
    data = bytes(ord(character) % 256 for character in text)
    assert pack_bundle(unpack_bundle(data, 2)) == data


def entry(text: str) -> None:
    decode(text.encode(errors="replace"))


def examined(text: str) -> None:
    """Refuses nothing: what is no entry is told as such."""
    examine(text.encode(errors="replace"))


def witness(text: str) -> None:
    # Nothing gets as far as the folder: the log of these requests is not known.
    asked: Any = Witness.__new__(Witness)
    asked._logs = []
    asked.add_checkpoint(text)


PARSERS = {
    "note": Parser(read=lambda text: open_note(text, [SIGNER.verifier]) and None, refuses=(NoteError,), valid=NOTE),
    "checkpoint": Parser(
        read=lambda text: Checkpoint.parse(text).text if text.count("\n") == 3 else None,
        refuses=(NoteError,),
        valid=CHECKPOINT.text,
    ),
    "verifier key": Parser(
        read=lambda text: str(Verifier.parse(text)), refuses=(NoteError,), valid=str(SIGNER.verifier)
    ),
    "witness key": Parser(
        read=lambda text: str(CosignatureVerifier.parse(text)), refuses=(NoteError,), valid=str(COSIGNER.verifier)
    ),
    "private key": Parser(read=lambda text: Signer.parse(text).encode(), refuses=(NoteError,), valid=SIGNER.encode()),
    "tile": Parser(
        read=lambda text: Tile.parse(text).path,
        refuses=(ValueError,),
        valid=Tile(level=3, number=7_123_456, width=9).path,
    ),
    "bundle": Parser(read=bundle, refuses=(ValueError,), valid=pack_bundle([b"one", b"another"]).decode("latin-1")),
    "receipt": Parser(
        read=lambda text: Receipt.parse(text).text,
        refuses=(ReceiptError,),
        valid=Receipt(index=0, data=ENTRY, proof=(EMPTY_ROOT,), checkpoint=NOTE).text,
    ),
    "entry": Parser(read=entry, refuses=UNREADABLE, valid=ENTRY.decode()),
    "entry, version 1": Parser(read=entry, refuses=UNREADABLE, valid=OLD_ENTRY.decode()),
    "examination": Parser(read=examined, refuses=(), valid=ENTRY.decode()),
    "examination, version 1": Parser(read=examined, refuses=(), valid=OLD_ENTRY.decode()),
    "policy": Parser(
        read=lambda text: Policy.parse(text) and None,
        refuses=(PolicyError,),
        valid=f"# two\nwitness a {COSIGNER.verifier} https://example.org/\ngroup g 1 a\nquorum g\n",
    ),
    "witness": Parser(
        read=witness,
        refuses=(Refusal,),
        valid=f"old 7\n{base64.b64encode(EMPTY_ROOT).decode()}\n\n{NOTE}",
    ),
}

PIECES = st.sampled_from(
    [
        "\n",
        "\n\n",
        " ",
        "+",
        "=",
        "0",
        "-1",
        "999999999999999999999",
        "\0",
        "\x0b",
        "\u2014",
        "\u2028",
        "/",
        "x000/",
        "A",
        "{",
    ]
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.2), st.one_of(PIECES, st.text(max_size=8))), max_size=6)


def edited(text: str, edits: list[tuple[float, float, str]]) -> str:
    """Some places of the text are replaced: by nothing, by what it is made of, by what it is not."""
    for place, share, piece in edits:
        at = round(place * len(text))
        text = text[:at] + piece + text[at + round(share * 20) :]
    return text


@pytest.mark.parametrize("name", PARSERS)
def test_what_is_valid_is_taken(name: str) -> None:
    parser = PARSERS[name]
    if name == "witness":
        with pytest.raises(Refusal, match="does not know"):
            parser.read(parser.valid)
    else:
        assert parser.read(parser.valid) in {None, parser.valid}


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=CASES, suppress_health_check=list(HealthCheck))
@given(edits=EDITS, other=st.none() | st.text())
@example(edits=[], other="[" * 100_000)
def test_what_is_fed_is_taken_or_refused(name: str, edits: list[tuple[float, float, str]], other: str | None) -> None:
    parser = PARSERS[name]
    text = edited(parser.valid, edits) if other is None else other
    try:
        written = parser.read(text)
    except parser.refuses:
        return
    assert written is None or written.strip() == text.strip()
