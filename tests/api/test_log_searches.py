"""What an auditor asks of the searches: by everything they can be asked by, sampled, unusual, and as files."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow.parquet
import pytest

from api.http.search_export import ParquetMissingError, exported
from api.permission import Role


@pytest.fixture(scope="module")
def searched(open_site: Any, tmp_path_factory: pytest.TempPathFactory, astronaut_jpeg: bytes) -> Any:
    """Where an operator searched six times for an enrolled person, twice with a case, and once for another purpose."""
    opened = open_site(tmp_path_factory.mktemp("searched") / "data")
    site = next(opened)
    site.enrol(astronaut_jpeg)
    for number in range(7):
        data = {"purpose": "other" if number == 6 else "demo"}
        data |= {"case_reference": f"=case {number}"} if number < 2 else {}
        files = {"file": ("x.jpg", astronaut_jpeg)}
        answer = site.as_role(Role.OPERATOR, "POST", "/identifications", data=data, files=files)
        assert answer.status_code == 201, answer.text
    site.alert(astronaut_jpeg)
    yield site
    opened.close()


def enrolled(site: Any) -> str:
    return str(site.service.matcher.gallery.subjects()[0].id)


def ask(site: Any, **asked: Any) -> list[dict[str, Any]]:
    answer = site.as_role(Role.AUDITOR, "GET", "/log/searches", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["searches"]
    return found


@pytest.mark.slow
def test_searches_are_found_by_everything_they_are_known_by(searched: Any) -> None:
    everything = ask(searched)
    assert len(everything) == 9, "the check before the enrolment is one too"
    assert [one["request_index"] for one in everything] == sorted(
        (one["request_index"] for one in everything), reverse=True
    )
    operator = f"user:{searched.accounts[Role.OPERATOR]}"
    by = {
        "actor": (operator, 8),
        "camera": ("lobby", 1),
        "purpose": ("other", 1),
        "case_reference": ("=case 1", 1),
        "cased": ("true", 2),
        "subject": (enrolled(searched), 7),
        "ending": ("nobody", 2),
        "since": ((datetime.now(UTC) + timedelta(hours=1)).isoformat(), 0),
        "until": ((datetime.now(UTC) + timedelta(hours=1)).isoformat(), 9),
    }
    for name, (value, count) in by.items():
        assert len(ask(searched, **{name: value})) == count, name
    assert len(ask(searched, actor=operator, cased="false", ending="found")) == 4
    first = everything[-2]
    assert (first["ending"], first["candidates"], first["subject"]) == ("found", 1, enrolled(searched))
    assert ask(searched, ending="open") == ask(searched, ending="failed") == []


def test_pages_lead_to_one_another_and_looking_is_logged(searched: Any) -> None:
    page = searched.as_role(Role.AUDITOR, "GET", "/log/searches", params={"limit": 5, "purpose": "demo"}).json()
    rest = searched.as_role(Role.AUDITOR, "GET", "/log/searches", params={"limit": 5, "before": page["next"]}).json()
    assert len(page["searches"]) == 5 and len(rest["searches"]) == 3 and rest["next"] is None
    reads = [entry.body.get("read") for entry in searched.service.matcher.log.entries(limit=3, newest_first=True)]
    assert {"searches": {"purpose": "demo", "before": None, "limit": 5}} in reads
    for asked in ({"actr": "x"}, {"since": "0001-01-01T00:00:00+14:00"}, {"since": "2026-01-01T00:00:00"}):
        assert searched.as_role(Role.AUDITOR, "GET", "/log/searches", params=asked).status_code == 422, asked


def test_a_sample_is_the_same_for_the_same_seed(searched: Any) -> None:
    def draw(seed: int) -> list[int]:
        asked = {"count": 4, "seed": seed, "actor": f"user:{searched.accounts[Role.OPERATOR]}"}
        answer = searched.as_role(Role.AUDITOR, "GET", "/log/searches/sample", params=asked)
        return [one["request_index"] for one in answer.json()]

    assert draw(1) == draw(1) and len(set(draw(1))) == 4
    assert len({tuple(draw(seed)) for seed in range(10)}) > 1


def test_what_is_unusual_is_counted_and_named(searched: Any) -> None:
    now = datetime.now(UTC)
    asked: dict[str, Any] = {
        "since": (now - timedelta(days=1)).isoformat(),
        "until": (now + timedelta(days=1)).isoformat(),
    }

    def found(**more: Any) -> dict[str, int]:
        answer = searched.as_role(Role.AUDITOR, "GET", "/log/unusual", params=asked | more)
        assert answer.status_code == 200, answer.text
        return {one["code"]: one["count"] for one in answer.json()}

    day = {"night_from": (now.hour + 6) % 24, "night_to": (now.hour + 7) % 24}
    assert found(**day) == {"no_case": 5, "again": 6}
    night = {"night_from": (now.hour - 1) % 24, "night_to": (now.hour + 2) % 24}
    assert found(**night, again=7) == {"no_case": 5, "at_night": 7}
    assert found(**night, again=7, zone="Asia/Kolkata") == {"no_case": 5}
    assert searched.as_role(Role.AUDITOR, "GET", "/log/unusual", params=asked | {"zone": "Nowhere"}).status_code == 422


def test_they_are_taken_along_as_files(searched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def file(form: str) -> bytes:
        answer = searched.as_role(Role.AUDITOR, "GET", "/log/searches/export", params={"format": form})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"] == f'attachment; filename="searches.{form}"'
        return bytes(answer.content)

    lines = [json.loads(line) for line in file("jsonl").decode().splitlines()]
    table = pyarrow.parquet.read_table(io.BytesIO(file("parquet"))).to_pylist()
    rows = list(csv.DictReader(io.StringIO(file("csv").decode())))
    assert len(lines) == len(table) == len(rows) == 9
    assert (
        [line["request_index"] for line in lines]
        == [row["request_index"] for row in table]
        == [int(row["request_index"]) for row in rows]
    )
    assert list(lines[0]) == list(table[0]) == list(rows[0])
    assert rows[-2]["case_reference"] == "'=case 0", "no spreadsheet computes it"
    assert table[-2]["case_reference"] == "=case 0"
    assert file("csv").decode().splitlines()[1].count('","') == len(rows[0]) - 1, "every cell stands in quotation marks"
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ParquetMissingError):
        exported([], "parquet")
