"""Every error code there is has its HTTP status, and none is used twice."""

import importlib
import pkgutil
from collections import Counter

import api
import ingest
import matcher
from api.http.errors import STATUS
from matcher.errors import ClearglassError


def _every_error() -> set[type[ClearglassError]]:
    for room in (matcher, ingest, api):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)
    found, waiting = set(), [ClearglassError]
    while waiting:
        error = waiting.pop()
        if error.__module__.split(".")[0] in {"matcher", "ingest", "api"}:
            found.add(error)
        waiting += error.__subclasses__()
    return found


def test_every_code_has_a_status_and_every_status_a_code() -> None:
    codes = {error.code for error in _every_error()}
    assert codes - set(STATUS) == set()
    own_to_http = {"invalid_request"}
    assert set(STATUS) - codes - own_to_http == set()


def test_codes_are_unique_and_snake_case() -> None:
    errors = _every_error()
    assert all("code" in vars(error) for error in errors)
    assert [code for code, times in Counter(error.code for error in errors).items() if times > 1] == []
    assert all(error.code.replace("_", "a").isalpha() and error.code.islower() for error in errors)


def test_statuses_are_errors() -> None:
    assert all(400 <= status <= 599 for status in STATUS.values())
