import json
import re
import shutil
from base64 import b64decode
from datetime import UTC, datetime
from html import unescape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from benchmarks.__main__ import main
from benchmarks.accuracy.wording import NOTHING_CLAIMED
from benchmarks.harness.benchmark import Context, Plot, Result, Table, Target
from benchmarks.harness.errors import RecordError
from benchmarks.running.catalogue import names
from benchmarks.running.glossary import GLOSSARY
from benchmarks.running.questions import question
from benchmarks.running.report import PAGE, write_report
from benchmarks.running.runner import TerminalProgress, run_benchmark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MADE_AT = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
TAG = "<script>alert('gone')</script>"
RATES = Table(
    title="fusion by gender, FMR 1e-04 over all",
    columns=("group", "people", "FMR within it", "FNMR"),
    rows=[
        ("female", "1,234", "9.10e-05 [2.3e-05, 4.5e-04]", "0.0123 [0.0101, 0.0167]"),
        ("male", "7", "7 people; 30 are needed", NOTHING_CLAIMED),
    ],
)
MATRIX = Table(
    title="FMR between groups",
    columns=("", "female"),
    rows=[("male", f"{NOTHING_CLAIMED}, n 42"), ("female", "1.00e-04 [0.0e+00, 3.0e-04], n 43")],
)


def line(figure: "Figure") -> None:
    figure.subplots().plot([1, 2, 3])


class Made:
    """A benchmark that found what it is told."""

    summary = "what was made up"

    def __init__(self, name: str, result: Result) -> None:
        self.name = name
        self._result = result

    def run(self, context: Context) -> Result:
        return self._result


def measure(folder: Path, name: str, result: Result, *, quick: bool = False) -> None:
    progress = TerminalProgress(Console(file=StringIO()))
    context = Context(quick=quick, data=folder / "data", out=folder, progress=progress)
    run_benchmark(Made(name, result), context, Console(file=StringIO()))


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two records: a quick one of `scene`, a whole one of `lfw` with a target missed."""
    folder = tmp_path_factory.mktemp("records")
    measure(
        folder,
        "lfw",
        Result(
            figures={},
            notes=[f"On 12 people & {TAG}."],
            tables=[RATES, MATRIX],
            plots=[Plot(name="det", draw=line, caption=f"Lower left is better {TAG}.")],
            targets=[
                Target(aim="at most 3 in 100 missed", measured="0.0123 [0.0101, 0.0167]", met=True),
                Target(aim="at most 1 in 100 missed", measured="0.0123", met=False, why_not=f"it was dark {TAG}"),
            ],
        ),
    )
    measure(
        folder, "scene", Result(figures={}, tables=[Table(title="Seen", columns=("a",), rows=[("765",)])]), quick=True
    )
    return folder


@pytest.fixture
def folder(records: Path, tmp_path: Path) -> Path:
    """A copy of the records, to be changed."""
    return Path(shutil.copytree(records, tmp_path / "records"))


def page(folder: Path) -> str:
    return write_report(folder, MADE_AT).read_text(encoding="utf-8")


def section(written: str, name: str) -> str:
    found = re.search(rf'<section class="record" id="{name}">.*?</section>', written, re.DOTALL)
    assert found is not None
    return found[0]


def shown(html: str) -> str:
    """The text as one reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def test_every_number_note_and_target_is_there(folder: Path) -> None:
    read = shown(section(page(folder), "lfw"))
    for table in (RATES, MATRIX):
        assert table.title in read
        for cells in (table.columns, *table.rows):
            assert all(cell in read for cell in cells)
    assert "On 12 people &" in read
    assert question("lfw") in read
    assert "Lower left is better" in read
    assert "1 of 2 targets not met" in read
    assert "at most 3 in 100 missed0.0123 [0.0101, 0.0167] ✓ met" in read
    assert "at most 1 in 100 missed0.0123 ✗ not metit was dark" in read


def test_nothing_in_a_record_becomes_code(folder: Path) -> None:
    written = page(folder)
    assert "<script" not in written
    assert written.count("&lt;script&gt;") == 4  # the note, the caption, its picture's other text, the reason


def test_it_loads_nothing(folder: Path) -> None:
    written = page(folder)
    assert "//" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", written)
    assert "default-src 'none'" in written
    targets = re.findall(r"""(?:href|src|action)=["']?([^"'>]*)""", written)
    assert targets
    assert all(re.match(r"#[\w-]+$|data:(image/(svg\+xml|png)|text/csv)[;,]", target) for target in targets)
    anchors = set(re.findall(r'id="([^"]+)"', written))
    assert {target[1:] for target in targets if target.startswith("#")} <= anchors
    assert "@import" not in written
    assert "url(" not in written


def test_its_pictures_and_tables_are_inside_it(folder: Path) -> None:
    read = section(page(folder), "lfw")
    (picture,) = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)"', read)
    assert b64decode(picture) == (folder / "lfw-det.svg").read_bytes()
    tables = re.findall(r'download="lfw-([^"]+)" href="data:text/csv;charset=utf-8;base64,([^"]+)"', read)
    assert len(tables) == 2
    for name, content in tables:
        assert b64decode(content) == (folder / "lfw-tables" / name).read_bytes()


def test_a_picture_without_an_svg_is_shown_as_pixels(folder: Path) -> None:
    (folder / "lfw-det.svg").unlink()
    (picture,) = re.findall(r'<img src="data:image/png;base64,([^"]+)"', page(folder))
    assert b64decode(picture) == (folder / "lfw-det.png").read_bytes()


def test_a_quick_run_is_marked_and_only_it(folder: Path) -> None:
    written = page(folder)
    assert "A first look:" in section(written, "scene")
    assert "python -m benchmarks scene --quick" in section(written, "scene")
    assert "first look" not in section(written, "lfw")
    assert "scene: a first look only." in shown(written)


def test_where_nothing_is_claimed_stands_out(folder: Path) -> None:
    read = section(page(folder), "lfw")
    assert len(re.findall(r"<tr class=unclaimed>", read)) == 1
    assert re.findall(r'<td class="unclaimed number">([^<]+)', read) == [NOTHING_CLAIMED, f"{NOTHING_CLAIMED}, n 42"]
    assert '<span class="interval">[2.3e-05, 4.5e-04]</span>' in read


def test_numbers_stand_to_the_right_and_words_to_the_left(folder: Path) -> None:
    table = Table(title="T", columns=("who", "how", "ms"), rows=[("1", "fast", "0.5"), ("2", "slow", "−3")])
    measure(folder, "search", Result(figures={}, tables=[table]))
    read = section(page(folder), "search")
    assert re.findall(r'class="number">([^<]*)<', read) == ["ms", "0.5", "−3"]


def test_what_was_not_measured_is_listed_with_its_command(folder: Path) -> None:
    _, _, read = page(folder).partition('id="missing"')
    missing = re.findall(r"<code>python -m benchmarks ([\w-]+)</code>", read)
    assert missing == [name for name in names() if name not in {"lfw", "scene"}]


def test_words_lead_to_the_glossary(folder: Path) -> None:
    written = page(folder)
    assert '<a class="term" href="#term-fmr">FMR</a> within it' in written
    assert all(f'<dt id="{entry.anchor}">' in written for entry in GLOSSARY)
    assert {"FMR", "FNMR", "FPIR", "FNIR", "mated", "non-mated", "EER", "GARBE", "interval"} <= {
        e.term for e in GLOSSARY
    }


def test_machine_model_and_time_are_told(folder: Path) -> None:
    record = json.loads((folder / "lfw.json").read_text())
    read = shown(page(folder))
    assert record["models"]["clearglass"] in read
    assert f"{record['machine']['cores']} cores of {record['machine']['processor']}" in read
    assert "27 November 2026, 08:30 UTC" in read
    assert "with the same model" not in read


def test_records_of_two_models_are_told_apart(folder: Path) -> None:
    change(folder / "lfw.json", models={"clearglass": "ab" * 32})
    read = shown(page(folder))
    assert "Not all of this was measured with the same model." in read
    assert f"Model clearglass (lfw): digest {'ab' * 32}" in read


def change(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"notes": "a text"}, "'a text' stands where a list of texts should"),
        ({"targets": [{"aim": "a"}]}, "lacks 'measured'"),
        ({"targets": [{"aim": "a", "measured": "b", "met": "no", "why_not": ""}]}, "'no' stands where true or false"),
        ({"tables": [{"title": "T", "columns": ["a"], "rows": [["1", "2"]]}]}, "row 1 of the table 'T' has 2 cells"),
        ({"tables": [{"title": "T", "columns": ["a"], "rows": [[1]]}]}, "1 stands where a text should"),
        ({"started_at": "yesterday"}, "yesterday"),
        ({"machine": []}, "is not as a record is written"),
        ({"plots": ["../lfw-det.png"]}, "no name of a picture"),
        ({"plots": ["lfw-other.png"]}, "lfw-other.png"),
        ({"benchmark": "search"}, "holds the record of search"),
    ],
)
def test_a_malformed_record_is_named_with_what_is_wrong(folder: Path, changes: dict[str, Any], told: str) -> None:
    change(folder / "lfw.json", **changes)
    with pytest.raises(RecordError, match=r"lfw\.json") as raised:
        write_report(folder)
    assert told in str(raised.value)
    assert not (folder / PAGE).exists()


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_what_is_no_record_is_named(folder: Path, content: str) -> None:
    (folder / "other.json").write_text(content)
    with pytest.raises(RecordError, match=r"other\.json"):
        write_report(folder)


def test_a_record_of_an_older_version_is_told_with_what_it_lacks(folder: Path) -> None:
    path = folder / "lfw.json"
    older = json.loads(path.read_text())
    del older["notes"], older["models"]
    path.write_text(json.dumps(older))
    with pytest.raises(RecordError, match=r"lfw\.json .* older version: it lacks models, notes\..*again"):
        write_report(folder)


def test_the_command_writes_the_page_and_tells_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--out", str(folder)]) == 0
    assert (folder / PAGE).is_file()
    assert str(folder / PAGE) in capsys.readouterr().out
    (folder / "lfw.json").write_text("{}")
    assert main(["report", "--out", str(folder)]) == 1
    assert "lfw.json" in capsys.readouterr().err


def test_without_any_record_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no record"):
        write_report(tmp_path / "nowhere")


@pytest.mark.parametrize("name", names())
def test_every_benchmark_has_its_question_in_plain_words(name: str) -> None:
    assert question(name).endswith(("?", "."))
