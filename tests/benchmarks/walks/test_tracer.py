from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.walks.tracer import Pair, Tracer, Walk

ONE, OTHER, STRANGER = "matcher/one.py", "api/other.py", "tests/stranger.py"

Functions = dict[str, Callable[[], None]]


@pytest.fixture
def functions() -> Functions:
    """What three files hold that are nowhere on the disk: two of ours, one of others."""
    root = Path(__file__).resolve().parents[3]
    found: Functions = {}
    for file, text in (
        (OTHER, "def leaf(): pass\ndef idle(): leaf()"),
        (STRANGER, "def through(): leaf()"),
        (ONE, "def twice():\n leaf()\n near()\n leaf()\ndef near(): pass\ndef around(): through()"),
    ):
        exec(compile(text, str(root / file), "exec"), found)
    return found


def walked(tracer: Tracer, function: Callable[[], None]) -> Walk:
    """In a thread of its own, which must be new to be heard."""
    tracer.install()
    try:
        thread = Thread(target=function)
        tracer.begin()
        thread.start()
        thread.join()
        return tracer.end()
    finally:
        tracer.remove()


def test_a_change_is_a_call_or_return_in_another_file_than_the_one_before(functions: Functions) -> None:
    walk = walked(Tracer(), functions["twice"])
    # twice, leaf, near, leaf, and the return of twice.
    assert walk == Walk(
        calls=4,
        files=2,
        changes=4,
        crossings=2,
        deepest=2,
        threads=1,
        pairs=(Pair(one=OTHER, other=ONE, changes=4),),
    )


def test_files_of_others_are_passed_through(functions: Functions) -> None:
    walk = walked(Tracer(), functions["around"])
    assert (walk.calls, walk.files, walk.changes, walk.crossings, walk.deepest) == (2, 2, 2, 1, 2)


def test_what_is_aside_counts_nothing_nor_does_what_it_calls(functions: Functions) -> None:
    assert walked(Tracer(aside=["idle"]), functions["idle"]).calls == 0
    assert walked(Tracer(aside=["other"]), functions["idle"]).calls == 2


def test_nothing_is_counted_before_it_begins() -> None:
    with pytest.raises(RuntimeError, match="call begin first"):
        Tracer().end()
