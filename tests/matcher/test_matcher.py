import dataclasses
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from matcher.chosen_point import OperatingPointSettingError, OperatingPointUnknownError, chosen_point
from matcher.folder.errors import DataFolderInUseError
from matcher.log.entry import EntryKind
from matcher.log.errors import ClockError, LogUnavailableError, LogUnsoundError
from matcher.log.log import AuditLog
from matcher.matcher import Matcher
from matcher.recognition.errors import FaceQualityError, NoFaceError, SeveralFacesError
from matcher.recognition.face_model import FaceModel
from matcher.recognition.operating_point import OperatingPoint, OperatingPointError, load_operating_points
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.scale import SimilarityScale
from matcher.settings import MatcherSettings
from matcher.site_points import keep_site_point
from matcher.store.database import DATABASE_FILE, FAILURE_FILE, Database
from matcher.store.sealing import MasterKeyError


def test_start_and_stop_are_logged(world: Any) -> None:
    world.open().close()
    with world.open() as matcher:
        kinds = [entry.kind for entry in matcher.log.entries()]
    assert kinds == [EntryKind.START, EntryKind.STOP, EntryKind.START]
    matcher.close()


def test_a_changed_threshold_is_logged_at_the_next_start(world: Any, stub: Any) -> None:
    world.open().close()
    lower = dataclasses.replace(stub.POINT, name="lower", threshold=0.4)
    settings = MatcherSettings(folder=world.folder)
    with Matcher.open(settings, recogniser=stub.StubRecogniser(), operating_point=lower, clock=world.clock) as matcher:
        entry = matcher.log.entries(kinds=[EntryKind.MODEL])[0]
    assert entry.body["before"]["operating_point"] == {"name": "stub", "threshold": 0.5}
    assert entry.body["after"]["operating_point"] == {"name": "lower", "threshold": 0.4}


def test_one_matcher_a_folder_and_the_folder_is_free_after_a_failed_opening(world: Any) -> None:
    with world.open(), pytest.raises(DataFolderInUseError):
        world.open()
    world.clock.move(hours=-1)
    with pytest.raises(ClockError):
        world.open()
    with pytest.raises(MasterKeyError):
        world.open(master_key="AAAA")
    Database.open(world.folder).close()


def fail_the_disk(matcher: Matcher) -> None:
    """For real: the kernel refuses the write (EFBIG), which SQLite calls SQLITE_IOERR_WRITE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(LogUnavailableError):
            while True:
                matcher.log.record(EntryKind.CAMERA, {"fill": "x" * 20_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_after_the_disk_failed_the_whole_log_is_checked_before_anything_is_added(world: Any) -> None:
    world.open().close()
    (world.folder / FAILURE_FILE).write_text("SQLITE_IOERR_WRITE")
    world.open().close()
    assert not (world.folder / FAILURE_FILE).exists(), "it was whole"
    (world.folder / FAILURE_FILE).write_text("SQLITE_IOERR_WRITE")
    with closing(sqlite3.connect(world.folder / DATABASE_FILE)) as connection, connection:
        connection.execute('DELETE FROM audit_entry WHERE "index" = 1')
    for _ in range(2):
        with pytest.raises(LogUnsoundError, match=r"SQLITE_IOERR_WRITE.*Entry 1 is missing"):
            world.open()


def test_a_disk_that_fails_is_remembered(world: Any) -> None:
    matcher = world.open()
    fail_the_disk(matcher)
    assert matcher.database.failure == (world.folder / FAILURE_FILE).read_text() == "SQLITE_IOERR_WRITE"
    with pytest.raises(LogUnavailableError):
        matcher.log.record(EntryKind.STOP, {})
    matcher.close()


def test_probes(matcher: Matcher, stub: Any) -> None:
    probe = matcher.probe(stub.picture(1))
    assert probe.crop is not None
    assert probe.crop.startswith(b"\xff\xd8")
    assert matcher.probe(stub.picture(1, faces=3), face=1).template.model_digest == stub.DIGEST
    with pytest.raises(NoFaceError):
        matcher.probe(stub.picture(1, faces=0))
    with pytest.raises(SeveralFacesError):
        matcher.probe(stub.picture(1, faces=2))
    with pytest.raises(FaceQualityError) as caught:
        matcher.probe(stub.picture(1, bright=1))
    assert [str(reason) for reason in caught.value.reasons] == ["too_dark"]
    assert "light" in caught.value.remedy


def chosen(settings: MatcherSettings, model_digest: str) -> OperatingPoint:
    return chosen_point(settings, model_digest=model_digest, weights=DEFAULT_FUSION.weights)


def test_operating_points_are_chosen_by_name_and_model(tmp_path: Path) -> None:
    points = load_operating_points()
    for name, point in points.items():
        assert (
            chosen_point(
                MatcherSettings(folder=tmp_path, operating_point=name),
                model_digest=point.model_digest,
                weights=DEFAULT_FUSION.weights,
            )
            == point
        )
    with pytest.raises(OperatingPointUnknownError, match="nonsense"):
        chosen_point(
            MatcherSettings(folder=tmp_path, operating_point="nonsense"),
            model_digest=point.model_digest,
            weights=DEFAULT_FUSION.weights,
        )
    with pytest.raises(OperatingPointError):
        chosen(MatcherSettings(folder=tmp_path), "00" * 32)


def test_a_site_point_is_chosen_whatever_measured_it(tmp_path: Path) -> None:
    one = load_operating_points()["fmr-1e-4"]
    keep_site_point(tmp_path, dataclasses.replace(one, name="lobby"))
    settings = MatcherSettings(folder=tmp_path, operating_point="lobby")
    assert chosen(settings, one.model_digest).caveat is None
    other = chosen(settings, "00" * 32)
    assert (other.name, other.threshold, other.model_digest) == ("lobby", one.threshold, "00" * 32)
    assert other.caveat is not None and other.caveat.code == "operating_point_other_model"


def test_a_bare_threshold_is_a_point_without_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARGLASS_THRESHOLD", "0.75")
    point = chosen(MatcherSettings(folder=tmp_path), "00" * 32)
    assert (point.name, point.threshold, point.evidence) == ("no-evidence", 0.75, None)
    assert point.caveat is not None and point.caveat.code == "operating_point_no_evidence"
    assert (point.record()["non_mated"], point.record()["fmr"]) == (0, None)
    monkeypatch.setenv("CLEARGLASS_OPERATING_POINT", "fmr-1e-5")
    with pytest.raises(OperatingPointSettingError, match="both set"):
        chosen(MatcherSettings(folder=tmp_path), "00" * 32)


@pytest.mark.parametrize("percent", ["80", "-1", "0", "nan", "inf", "near"])
def test_a_percent_score_is_no_threshold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, percent: str) -> None:
    monkeypatch.setenv("CLEARGLASS_THRESHOLD", percent)
    with pytest.raises(ValueError, match="threshold"):
        MatcherSettings(folder=tmp_path)


def scale_of(model_digest: str) -> SimilarityScale:
    steps = ((0.1, 0.02), (0.5, 0.1))
    weights = DEFAULT_FUSION.weights
    return SimilarityScale(dataset="d", model_digest=model_digest, weights=weights, non_mated=1000, steps=steps)


def test_a_dissimilarity_stands_for_nothing_where_another_model_measured_it(world: Any, stub: Any) -> None:
    scale = scale_of(stub.DIGEST)
    with world.open() as matcher:
        assert matcher.stands_for(0.1, request_index=1) is None
        matcher.scale = scale
        assert matcher.stands_for(0.1, request_index=1).fmr == pytest.approx(0.02)
    other = stub.StubRecogniser()
    other.model_digest = "00" * 32
    settings = MatcherSettings(folder=world.folder)
    point = dataclasses.replace(stub.POINT, model_digest=other.model_digest)
    for _ in range(2):  # at the start that changes the model, and at the next one
        with Matcher.open(settings, recogniser=other, operating_point=point, clock=world.clock) as matcher:
            matcher.scale = scale
            assert matcher.stands_for(0.1, request_index=1) is None
            assert matcher.stands_for(0.1, request_index=matcher.log.size()) is not None


def test_a_dissimilarity_stands_for_nothing_where_another_fusion_weighed_it(world: Any, stub: Any) -> None:
    with world.open() as matcher:
        [start] = matcher.log.entries(0, 1, kinds=[EntryKind.START])
        assert start.body["fusion"] == {"sface": 1.0, "dlib": 0.5}
    other, weights = stub.StubRecogniser(), {"sface": 1.0, "dlib": 0.25}
    other.fusion = FaceModel.chosen(fusion="sface=1,dlib=0.25").fusion
    point = stub.POINT.used_with(stub.DIGEST, weights)
    with Matcher.open(
        MatcherSettings(folder=world.folder), recogniser=other, operating_point=point, clock=world.clock
    ) as matcher:
        [change] = matcher.log.entries(0, 9, kinds=[EntryKind.MODEL])
        assert (change.body["before"]["fusion"], change.body["after"]["fusion"]) == (start.body["fusion"], weights)
        matcher.scale = scale_of(stub.DIGEST)
        assert matcher.stands_for(0.1, request_index=change.index - 2) is None
        assert matcher.stands_for(0.1, request_index=matcher.log.size()) is not None


def test_a_start_reads_changes_back_to_the_last_one_of_the_model_and_no_further(
    world: Any, stub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, entries = [], AuditLog.entries

    def counted(*args: Any, **options: Any) -> Any:
        found = entries(*args, **options)
        read.extend(entry.index for entry in found if options.get("kinds") == [EntryKind.MODEL])
        return found

    def changes_of_the_threshold(matcher: Matcher) -> None:
        state = {
            "model_digest": matcher.recogniser.model_digest,
            "fusion": dict(matcher.recogniser.fusion.weights),
        }
        for _ in range(25):
            matcher.log.record(EntryKind.MODEL, {"before": state, "after": state})

    other = stub.StubRecogniser()
    other.model_digest = "00" * 32
    settings = MatcherSettings(folder=world.folder)
    point = dataclasses.replace(stub.POINT, model_digest=other.model_digest)
    with world.open() as matcher:
        changes_of_the_threshold(matcher)
    monkeypatch.setattr(AuditLog, "entries", counted)
    with Matcher.open(settings, recogniser=other, operating_point=point, clock=world.clock) as matcher:
        assert len(read) <= 10
        since = read[0]
        changes_of_the_threshold(matcher)
    read.clear()
    with Matcher.open(settings, recogniser=other, operating_point=point, clock=world.clock) as matcher:
        assert since in read and len(read) == len(set(read)) <= 30
        matcher.scale = scale_of(other.model_digest)
        assert matcher.stands_for(0.1, request_index=since) is not None
        assert matcher.stands_for(0.1, request_index=since - 1) is None


def test_metrics_count_without_naming_anybody(world: Any, stub: Any) -> None:
    registry = CollectorRegistry()
    settings = MatcherSettings(folder=world.folder)
    with Matcher.open(
        settings, recogniser=stub.StubRecogniser(), operating_point=stub.POINT, clock=world.clock, registry=registry
    ) as matcher:
        subject_id = world.enrol(matcher, 1, 1).subject.id
        world.found(matcher, 1)
        world.found(matcher, 9)
        text = generate_latest(registry).decode()
        assert 'clearglass_identifications_total{outcome="candidates"} 1.0' in text
        assert 'clearglass_identifications_total{outcome="none"} 1.0' in text
        assert "clearglass_index_references 2.0" in text
        assert "clearglass_search_seconds_count 2.0" in text
        assert subject_id not in text
        assert "user:1" not in text
        matcher.gallery.withdraw(subject_id, "user:1")
        assert "clearglass_index_references 0.0" in generate_latest(registry).decode()


def test_settings_come_from_the_environment_and_hide_the_key(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("CLEARGLASS_FOLDER", str(tmp_path))
    monkeypatch.setenv("CLEARGLASS_MASTER_KEY", "canary")
    settings = MatcherSettings()
    assert settings.folder == tmp_path
    assert "canary" not in repr(settings)


@pytest.mark.slow
def test_importing_the_room_loads_no_heavy_library() -> None:
    script = (
        "import sys, matcher.matcher\n"
        "heavy = {'cv2', 'dlib', 'onnxruntime', 'onnx', 'faiss', 'av', 'skimage', 'alembic'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
