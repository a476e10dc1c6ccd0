import ctypes

import pytest

from matcher.recognition.networks.heap import give_back


def test_what_was_freed_is_given_back() -> None:
    give_back()


def test_a_c_library_that_cannot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    give_back()
