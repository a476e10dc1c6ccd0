"""The command line, called as the shell calls it: what it prints, in both forms, and how it fails."""

import getpass
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from matcher.picture.pixel_array import Image
from tests.api.conftest import Site
from tests.matcher.log.kept_log import KeptLog

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    path = tmp_path / "consent.txt"
    path.write_text("I agree.")
    return path


def of(run: Run, *arguments: object) -> Any:
    status, out, err = run(*arguments, "--json")
    assert status == 0, err
    return json.loads(out)


@pytest.mark.slow
def test_a_person_is_enrolled_found_and_withdrawn(run: Run, tmp_path: Path, portrait: Path, evidence: Path) -> None:
    data = ("--data", tmp_path / "data")
    consent = ("--purpose", "lobby", "--evidence", evidence)
    enrolled = of(run, "subject", "enrol", "Eileen", portrait, *consent, *data)
    subject = enrolled["subject"]["id"]
    assert len(enrolled["accepted"]) == 1
    assert enrolled["refused"] == []

    found = of(run, "identify", portrait, "--purpose", "lobby", *data)
    assert [candidate["subject_id"] for candidate in found["candidates"]] == [subject]
    assert found["operating_point"]["name"] == "fmr-1e-5"
    assert 0 < found["operating_point"]["fmr"] < 1e-4
    assert found["operating_point"]["caveat"] is None
    assert of(run, "identify", portrait, "--purpose", "other", *data)["candidates"] == []

    verified = of(run, "verify", portrait, "--subject", subject, "--purpose", "lobby", *data)
    assert verified["mated"] is True

    left = of(run, "subject", "withdraw", subject, *data)
    assert left["subject"]["withdrawn_at"] and left["subject"]["name"] is None and left["references"] == []
    assert of(run, "identify", portrait, "--purpose", "lobby", *data)["candidates"] == []
    assert of(run, "subject", "list", *data) == []

    report = of(run, "audit", "verify", *data)
    assert report["verified"] is True
    kinds = [entry["kind"] for entry in of(run, "audit", "show", "--limit", 100, *data)]
    assert {"start", "stop", "request", "outcome", "enrolment", "withdrawal", "erasure"} <= set(kinds)


@pytest.mark.slow
def test_pictures_that_are_no_use_are_each_refused_with_a_reason(
    run: Run, tmp_path: Path, portrait: Path, evidence: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(portrait.read_bytes()[:2000])
    consent = ("--purpose", "lobby", "--evidence", evidence)
    data = ("--data", tmp_path / "data")
    status, out, _ = run("subject", "enrol", "Eileen", broken, portrait, *consent, *data, "--json")
    assert status == 3
    enrolled = json.loads(out)
    assert len(enrolled["accepted"]) == 1
    [refused] = enrolled["refused"]
    assert refused["picture"] == "1", "by its place: a file's name may be a person's"
    assert refused["code"] == "image_broken"


@pytest.mark.slow
def test_nothing_is_written_when_every_picture_is_refused(run: Run, tmp_path: Path, evidence: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("not a picture")
    data = ("--data", tmp_path / "data")
    status, _, err = run("subject", "enrol", "Nobody", text, "--purpose", "p", "--evidence", evidence, *data)
    assert status == 1
    assert "→" in err
    assert of(run, "subject", "list", *data) == []


@pytest.mark.slow
def test_cameras_are_added_and_listed_without_their_login(run: Run, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    added = of(run, "camera", "add", "Lobby", "rtsp://joe:c4n%21ry@192.168.7.7/main", "--purpose", "lobby", *data)
    assert (added["address"], added["substream"]) == ("rtsp://192.168.7.7/main", None)
    smaller = ("--substream", "rtsp://joe:c4n%21ry@192.168.7.8/small")
    added = of(run, "camera", "add", "Yard", "rtsp://192.168.7.8/main", *smaller, "--purpose", "lobby", *data)
    assert added["substream"] == "rtsp://192.168.7.8/small"
    for entry in (json.dumps(of(run, "camera", "list", *data)), json.dumps(of(run, "audit", "show", *data))):
        assert "c4n" not in entry
        assert "joe" not in entry


@pytest.mark.parametrize("address", ["gopher://192.168.7.7/", "rtsp://127.0.0.1/main", "rtsp://"])
def test_an_address_that_is_refused_says_what_to_do(run: Run, tmp_path: Path, address: str) -> None:
    status, out, _ = run("camera", "add", "X", address, "--purpose", "p", "--data", tmp_path / "data", "--json")
    assert status == 1
    error = json.loads(out)["error"]
    assert error["code"].startswith("camera_address")
    assert error["remedy"]


@pytest.mark.slow
def test_accounts_are_made_with_a_password_from_standard_input(run: Run, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    status, out, err = run(
        "account", "add", "ada", "--role", "auditor", "--json", *data, stdin="correct horse battery\n"
    )
    assert status == 0, err
    assert json.loads(out)["role"] == "auditor"
    assert [account["name"] for account in of(run, "account", "list", *data)] == ["ada"]
    status, _, err = run("account", "add", "bob", "--role", "king", *data, stdin="x\n")
    assert status == 2
    assert "administrator" in err


def test_serving_without_an_account_is_refused(run: Run, tmp_path: Path) -> None:
    status, _, err = run("serve", "--data", tmp_path / "data", "--port", "0")
    assert status == 1
    assert "clearglass account add" in err


def test_a_folder_in_use_is_refused_for_writing_and_open_for_reading(run: Run, tmp_path: Path) -> None:
    from api.cli.options import opened

    with opened(tmp_path / "data"):
        status, out, _ = run("subject", "list", "--data", tmp_path / "data", "--json")
        assert status == 1
        assert json.loads(out)["error"]["code"] == "data_folder_in_use"
        assert of(run, "audit", "verify", "--data", tmp_path / "data")["verified"] is True


def test_a_key_is_rotated_only_while_the_service_stands_still_as_readme_says(run: Run, shared_site: Site) -> None:
    folder = shared_site.service.matcher.settings.folder
    status, out, _ = run("audit", "rotate-key", "--data", folder, "--json")
    assert (status, json.loads(out)["error"]["code"]) == (1, "data_folder_in_use")
    readme = " ".join(Path("README.md").read_text(encoding="utf-8").split())
    assert "except for `audit rotate-key`" in readme


def test_a_receipt_is_written_that_is_checked_offline(run: Run, shared_site: Site, tmp_path: Path) -> None:
    data = ("--data", shared_site.service.matcher.settings.folder)
    file = tmp_path / "one.tlog-proof"
    assert of(run, "audit", "receipt", 1, file, *data) == {"index": 1, "file": str(file)}
    key = of(run, "audit", "key", *data)["verifier_key"]
    assert of(run, "audit", "check", file, "--key", key)["index"] == 1
    status, out, _ = run("audit", "receipt", 10**9, file, *data, "--json")
    assert (status, json.loads(out)["error"]["code"]) == (1, "entry_unknown")
    status, _, err = run("audit", "receipt", 1, tmp_path / "nowhere" / "one.tlog-proof", *data)
    assert status == 2 and "cannot be written" in err


def test_groups_and_replay_are_asked_of_the_service_and_logged(run: Run, shared_site: Site, tmp_path: Path) -> None:
    data = ("--data", shared_site.service.matcher.settings.folder)
    file = tmp_path / "groups.json"
    assert of(run, "audit", "groups", file, *data)["declarations"] == 0
    assert file.stat().st_mode & 0o777 == 0o600
    [entry] = of(run, "audit", "show", "--kind", "log_read", "--limit", 1, *data)
    said = {"actor": f"cli:{getpass.getuser()}", "role": "administrator", "via": "cli", "read": {"groups": True}}
    assert entry["body"] == said
    status, out, _ = run("audit", "replay", 0, *data, "--json")
    assert (status, json.loads(out)["error"]["code"]) == (1, "no_decision")


def test_an_altered_log_is_found_out(run: Run, tmp_path: Path) -> None:
    import sqlite3

    data = tmp_path / "data"
    of(run, "camera", "add", "Lobby", "rtsp://192.168.7.7/main", "--purpose", "lobby", "--data", data)
    [file] = data.glob("*.sqlite3")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE audit_entry SET data = CAST(replace(data, 'added', 'moved') AS BLOB)")
    connection.close()
    status, out, _ = run("audit", "verify", "--data", data, "--json")
    report = json.loads(out)
    assert (status, report["severity"]) == (5, "changed")
    assert report["problems"][0]["severity"] == "changed"


def test_a_log_is_exported_and_a_receipt_checked_with_its_key_alone(run: Run, tmp_path: Path) -> None:
    from matcher.audit.receipt import Receipt
    from matcher.tlog.export import ExportedLog

    data, folder = tmp_path / "data", tmp_path / "export"
    of(run, "camera", "add", "Lobby", "rtsp://192.168.7.7/main", "--purpose", "lobby", "--data", data)
    key = of(run, "audit", "key", "--data", data)["verifier_key"]
    exported = of(run, "audit", "export", folder, "--data", data)
    assert exported["entries"] > 0
    assert of(run, "audit", "export", folder, "--data", data) == exported
    text = Receipt.issue(ExportedLog(folder), 1).text
    file = tmp_path / "one.tlog-proof"
    file.write_text(text)
    found = of(run, "audit", "check", file, "--key", key)
    assert (found["index"], found["size"], found["root"]) == (1, exported["entries"], exported["root"])
    file.write_text(text.replace("index 1", "index 0"))
    status, _, err = run("audit", "check", file, "--key", key)
    assert status == 1
    assert "does not lead to the root" in err
    file.write_bytes(b"\xff")
    assert run("audit", "check", file, "--key", key)[0] == 1
    assert run("audit", "check", file, "--key", "rubbish")[0] == 1


def test_the_doctor_names_what_is_wrong(run: Run, tmp_path: Path) -> None:
    import socket

    findings = {finding["what"]: finding for finding in of(run, "doctor", "--data", tmp_path / "none", "--port", 0)}
    assert all(finding["well"] for finding in findings.values())
    assert findings["picture decoder"]["found"].startswith("JPEG, PNG, WebP, HEIC or AVIF (libheif 1.")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, out, _ = run("doctor", "--data", tmp_path / "none", "--port", taken.getsockname()[1])
    assert status == 1
    assert "✗ port" in out


def test_the_doctor_says_how_much_memory_is_needed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    def memory(free: int) -> dict[str, Any]:
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
        found = json.loads(run("doctor", "--data", tmp_path / "none", "--port", 0, "--json")[1])
        return next(finding for finding in found if finding["what"] == "memory")

    assert memory(2_000_000_000)["well"]
    short = memory(1_999_999_999)
    assert not short["well"]
    assert short["remedy"] == (
        "Give it 2.0 GB or more: 0.6 GB for the service, 1.1 GB while 2 large pictures are decoded, 0.3 GB a camera."
    )


def test_the_doctor_names_a_decoder_that_does_not_start(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matcher.picture import decoders
    from matcher.process import child

    monkeypatch.setattr(child, "command", lambda *_: ["/no/such/program"])
    monkeypatch.setattr("matcher.recognition.image.decoders", decoders.Decoders)
    status, out, _ = run("doctor", "--data", tmp_path / "none", "--port", 0, "--json")
    assert status == 1
    finding = next(finding for finding in json.loads(out) if finding["what"] == "picture decoder")
    assert (finding["well"], finding["found"]) == (False, "The process that decodes pictures cannot be started.")


@pytest.mark.slow
def test_the_doctor_warns_of_a_threshold_nobody_measured(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def threshold() -> tuple[int, dict[str, Any]]:
        status, out, _ = run("doctor", "--data", tmp_path / "none", "--port", 0, "--json")
        return status, next(finding for finding in json.loads(out) if finding["what"] == "threshold")

    assert threshold()[1]["found"].startswith("fmr-1e-5, 0.")
    monkeypatch.setenv("CLEARGLASS_THRESHOLD", "0.75")
    status, found = threshold()
    assert status == 0, "it stops nothing"
    assert (found["well"], found["warns"]) == (True, True)
    assert "no evidence" in found["found"] and found["remedy"]
    assert "! threshold" in run("doctor", "--data", tmp_path / "none", "--port", 0)[1]
    monkeypatch.setenv("CLEARGLASS_OPERATING_POINT", "fmr-1e-5")
    status, found = threshold()
    assert (status, found["well"]) == (1, False)
    assert "both set" in found["found"]


def test_the_doctor_says_what_holds_of_the_workers_sandbox(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    def sandbox() -> dict[str, Any]:
        found = json.loads(run("doctor", "--data", tmp_path / "none", "--port", 0, "--json")[1])
        return next(finding for finding in found if finding["what"] == "worker sandbox")

    found = sandbox()
    assert found["well"] and found["found"].startswith("a process that decodes a stream ")
    old = b'{"files": true, "connections": false, "sockets": false, "signals": false, "gaps": ["No libseccomp."]}'
    real = subprocess.run

    def run_elsewhere(command: list[str], **options: Any) -> Any:
        if "matcher.process.sandbox" in command:
            return subprocess.CompletedProcess(command, 0, old, b"")
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", run_elsewhere)
    found = sandbox()
    assert (found["well"], found["warns"]) == (True, True), "it stops nothing"
    assert "reads nothing but" in found["found"]
    assert "Not confined: connections, sockets, signals. No libseccomp." in found["found"]
    assert "libseccomp2" in found["remedy"]


@pytest.mark.slow
def test_the_doctor_finds_a_log_whose_newest_entry_was_changed(run: Run, tmp_path: Path) -> None:
    import sqlite3

    of(run, "camera", "add", "Lobby", "rtsp://192.168.7.7/main", "--purpose", "lobby", "--data", tmp_path / "data")

    def finding() -> dict[str, Any]:
        found = json.loads(run("doctor", "--data", tmp_path / "data", "--port", 0, "--json")[1])
        return next(one for one in found if one["what"] == "data folder")

    assert finding()["well"] and "its head and its newest entries verified" in finding()["found"]
    with sqlite3.connect(tmp_path / "data" / "clearglass.sqlite3") as connection:
        newest = '"index" = (SELECT max("index") FROM audit_entry)'
        connection.execute(f"UPDATE audit_entry SET data = CAST(data || ' ' AS BLOB) WHERE {newest}")
    connection.close()
    assert not finding()["well"]
    assert "is not what was hashed when it was written" in finding()["found"]
    assert "clearglass audit verify" in finding()["remedy"]


def test_the_doctor_shows_the_time_in_the_sites_time_zone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finding() -> dict[str, Any]:
        found = json.loads(run("doctor", "--data", tmp_path / "none", "--port", 0, "--json")[1])
        return next(one for one in found if one["what"] == "time zone")

    assert re.fullmatch(r"UTC, where it is \d\d:\d\d", finding()["found"])
    monkeypatch.setenv("CLEARGLASS_TIME_ZONE", "Tokyo")
    assert (finding()["well"], finding()["remedy"]) == (False, "Did you mean Asia/Tokyo?")
    monkeypatch.setenv("CLEARGLASS_TIME_ZONE", "Asia/Tokyo")
    tokyo = finding()
    assert tokyo["well"] and tokyo["found"].startswith("Asia/Tokyo, where it is ")


def test_the_doctor_goes_on_after_a_setting_that_cannot_be_used(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARGLASS_THRESHOLD", "80")
    status, out, _ = run("doctor", "--data", tmp_path / "none", "--port", 0, "--json")
    assert status == 1
    findings = {finding["what"]: finding for finding in json.loads(out)}
    assert [what for what, finding in findings.items() if not finding["well"]] == ["threshold"]
    assert "CLEARGLASS_THRESHOLD" in findings["threshold"]["found"] and findings["threshold"]["remedy"]
    assert "port" in findings, "what comes after it was looked at"


def test_the_demo_refuses_a_folder_with_something_in_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    status, _, err = run("demo", "--once", "--data", tmp_path)
    assert status == 1
    assert "empty" in err
    assert (tmp_path / "mine.txt").read_text() == "keep me"


@pytest.mark.slow
def test_a_demo_that_cannot_begin_says_so_at_once_and_leaves_nothing_behind(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for data in (("--data", tmp_path / "demo"), ()):
            status, out, _ = run("demo", "--once", *data, "--port", port, "--json")
            assert (status, json.loads(out)["error"]["code"]) == (1, "address_in_use")
    # Whatever else keeps it from beginning: the next try finds the folder as this one did.
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "demo", tmp_path / "empty"):
        assert run("demo", "--once", "--camera", "gopher://192.168.7.7/", "--data", folder, "--port", 0)[0] == 1
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "empty", tmp_path / "temporary"]


def test_help_loads_no_heavy_library() -> None:
    heavy = "{'cv2', 'dlib', 'onnxruntime', 'onnx', 'faiss', 'av', 'skimage', 'matplotlib', 'sqlalchemy'}"
    script = f"import api.cli.main, sys; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_published_log_is_checked_and_the_check_reported_as_a_page(run: Run, tmp_path: Path) -> None:
    data, folder, page = tmp_path / "data", tmp_path / "export", tmp_path / "report.html"
    of(run, "camera", "add", "<b>Lobby</b>", "rtsp://192.168.7.7/main", "--purpose", "lobby", "--data", data)
    key = of(run, "audit", "key", "--data", data)["verifier_key"]
    of(run, "audit", "export", folder, "--data", data)
    report = of(run, "audit", "verify", folder, "--key", key, "--since", folder / "checkpoint", "--report", page)
    assert report["verified"] and report["severity"] is None
    assert report["kinds"] == {"camera": 1, "start": 1, "stop": 1}
    text = page.read_text()
    assert "The log is sound." in text and key in text and "begins with what the earlier checkpoint covers" in text
    [bundle] = (folder / "tile" / "entries").iterdir()
    [entries] = bundle.iterdir() if bundle.is_dir() else [bundle]
    entries.unlink()
    status, out, _ = run("audit", "verify", folder, "--key", key, "--report", page, "--json")
    assert (status, json.loads(out)["severity"]) == (4, "missing")
    assert "Parts of the log are missing, or cannot be read by this program." in page.read_text()
    status, _, err = run("audit", "verify", folder, "--key", key, "--report", tmp_path / "no" / "report.html")
    assert status == 2 and "cannot be written" in err
    status, _, err = run("audit", "verify", tmp_path / "nothing", "--key", key)
    assert status == 1 and "no exported log" in err


def test_the_schema_of_entries_is_printed(run: Run) -> None:
    status, out, _ = run("audit", "schema")
    assert status == 0
    assert json.loads(out)["$schema"].endswith("2020-12/schema")
    assert json.loads(out)["title"].endswith("version 2")
    status, out, _ = run("audit", "schema", "--version", 1)
    assert status == 0 and json.loads(out)["title"].endswith("version 1")
    status, _, err = run("audit", "schema", "--version", 3)
    assert status == 2 and "there is no version 3; there are: 1, 2" in err


def test_a_command_says_in_a_sentence_that_an_entry_has_a_newer_version(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, receipt = ("--data", tmp_path / "data"), tmp_path / "newer.tlog-proof"
    with monkeypatch.context() as patch:
        patch.setattr("matcher.log.entry.NEWEST", 3)
        of(run, "audit", "receipt", 0, receipt, *data)
    sentence = "has version 3; this Clearglass reads versions 1 and 2"
    status, out, _ = run("audit", "verify", *data)
    assert status == 4 and f"{sentence}: use a newer one." in " ".join(out.split())
    key = of(run, "audit", "key", *data)["verifier_key"]
    for command in (("audit", "show", *data), ("audit", "check", receipt, "--key", key)):
        status, out, _ = run(*command, "--json")
        error = json.loads(out)["error"]
        assert (status, error["code"], error["message"]) == (1, "entry_newer", f"The entry {sentence}.")
        assert error["remedy"] == "Use a newer Clearglass."


def test_commands_read_a_published_log_of_version_1(run: Run) -> None:
    kept = KeptLog()
    folder, key = kept.export.folder, kept.expected["verifier_key"]
    report = of(run, "audit", "verify", folder, "--key", key)
    assert report["verified"] and report["root"] == kept.expected["root"]
    checked = of(run, "audit", "check", folder.parent / "search.tlog-proof", "--key", key)
    assert (checked["index"], checked["version"]) == (kept.expected["receipt"], 1)
    evaluated = of(run, "audit", "live", folder, "--key", key)
    assert evaluated["report"]["total"]["searches"] == kept.expected["evaluation"]["total"]["searches"]


@pytest.mark.slow
def test_the_logs_key_is_changed_in_two_steps(run: Run, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    of(run, "camera", "add", "Lobby", "rtsp://192.168.7.7/main", "--purpose", "lobby", *data)
    old = of(run, "audit", "key", *data)["verifier_key"]
    new = of(run, "audit", "rotate-key", *data)["introduced"]
    assert of(run, "audit", "key", *data) == {"verifier_key": new, "older_keys": [old]}
    assert of(run, "audit", "rotate-key", "--retire", *data)["retired"] == old
    assert of(run, "audit", "key", *data) == {"verifier_key": new, "older_keys": []}
    status, _, err = run("audit", "rotate-key", "--retire", *data)
    assert status == 1 and "one key only" in err
    shown = of(run, "audit", "show", "--kind", "key", *data)
    assert all(entry["body"]["actor"].startswith("cli:") and entry["body"]["via"] == "cli" for entry in shown)
    assert of(run, "audit", "verify", *data)["verified"]


@pytest.mark.slow
def test_a_decision_is_made_again(run: Run, tmp_path: Path, portrait: Path, evidence: Path) -> None:
    data = ("--data", tmp_path / "data")
    of(run, "subject", "enrol", "Eileen", portrait, "--purpose", "lobby", "--evidence", evidence, *data)
    index = of(run, "identify", portrait, "--purpose", "lobby", *data)["request_index"]
    made = of(run, "audit", "replay", index, *data)
    assert (made["verdict"], made["retold"][0]["mated"]) == ("equal", True)
    status, out, _ = run("audit", "replay", index, *data)
    assert status == 0 and "made again: equal" in out and "By dlib itself" in out
    status, _, err = run("audit", "replay", 0, *data)
    assert status == 1 and "does not belong to a search" in err


@pytest.mark.slow
def test_a_camera_is_checked_and_the_exit_status_says_what_came_of_it(
    run: Run, tmp_path: Path, astronaut: Image
) -> None:
    from ingest.rehearsal.film.film import Film

    film = tmp_path / "lobby.mp4"
    with Film(film, width=512, height=512, fps=4) as made:
        for _ in range(8):
            made.add(astronaut)
    data = ("--data", tmp_path / "data")
    status, out, _ = run("camera", "check", film, *data, "--json")
    found = json.loads(out)
    # Four frames a second are fewer than the service looks at.
    assert (status, found["judged"]["verdict"], found["stream"]["codec"]) == (3, "fail", "h264")
    failed = [one for one in found["judged"]["findings"] if one["verdict"] == "fail"]
    assert [one["what"] for one in failed] == ["frame_rate"]
    of(run, "camera", "add", "Lobby", film, "--purpose", "demo", *data)
    status, out, _ = run("camera", "check", "Lobby", *data)
    assert status == 3
    assert "not fit for recognition: frame rate" in out and failed[0]["change"] in out


@pytest.mark.slow
def test_a_stream_is_checked_while_the_service_runs(run: Run, tmp_path: Path) -> None:
    from api.cli.options import opened

    film = tmp_path / "lobby.mp4"
    film.write_bytes(b"no film" * 100)
    tried = {
        "camera_stream": film,
        "camera_address_refused": "rtsp://203.0.113.7/stream",
        "camera_address_invalid": "999",
        "data_folder_in_use": "Lobby",
    }
    with opened(tmp_path / "data"):
        for code, address in tried.items():
            status, out, _ = run("camera", "check", address, "--data", tmp_path / "data", "--json")
            assert (status, json.loads(out)["error"]["code"]) == (1, code)


@pytest.mark.slow
def test_groups_are_declared_and_a_log_is_evaluated_from_its_export(
    run: Run, tmp_path: Path, portrait: Path, evidence: Path
) -> None:
    data = ("--data", tmp_path / "data")
    consent = ("--purpose", "lobby", "--evidence", evidence)
    subject = of(run, "subject", "enrol", "Eileen", portrait, *consent, *data)["subject"]["id"]
    declared = of(run, "subject", "declare", subject, "gender=female", "age=60+", "--agreed", *data)
    assert declared["attributes"] == {"gender": "female", "age": "60+"}
    for wrong in ([], ["a=b"], ["a", "--agreed"], ["a=b", "a=c", "--agreed"], ["a=b", "--agreed", "--remove"]):
        assert run("subject", "declare", subject, *wrong, *data)[0] == 2, wrong

    groups, export, page = tmp_path / "groups.json", tmp_path / "export", tmp_path / "live.html"
    assert "what 1 person declared." in run("audit", "groups", groups, *data)[1]
    assert of(run, "audit", "groups", groups, *data)["declarations"] == 1
    assert groups.stat().st_mode & 0o077 == 0
    of(run, "audit", "export", export, *data)
    key = of(run, "audit", "key", *data)["verifier_key"]
    live = of(run, "audit", "live", export, "--key", key, "--groups", groups, "--report", page, *data)
    assert (live["signed"], live["findings"], live["report"]["given"]) == (True, [], 1)
    assert "Live evaluation of" in page.read_text()
    assert of(run, "audit", "live", "--since", "2026-01-01", *data)["root"] == live["root"]
    assert run("audit", "live", "--until", "soon", *data)[0] == 2
    backwards = run("audit", "live", "--since", "2026-03-05", "--until", "2026-03-04", *data)
    assert backwards[0] == 1 and "ends before it begins" in backwards[2]

    groups.write_text(groups.read_text().replace("60+", "18+"))
    status, out, _ = run("audit", "live", export, "--groups", groups, "--json")
    assert (status, json.loads(out)["error"]["code"]) == (1, "groups_invalid")
    assert of(run, "subject", "declare", subject, "--remove", *data)["attributes"] == {}
    assert of(run, "audit", "live", *data)["report"]["declared"] == 0


def test_the_version_and_a_short_help_are_there(run: Run) -> None:
    from importlib.metadata import version

    assert run("--version") == (0, f"clearglass {version('clearglass')}\n", "")
    for command in ((), ("camera",), ("subject", "enrol")):
        status, out, _ = run(*command, "-h")
        assert status == 0 and "Usage: " in out and out == run(*command, "--help")[1]


def test_the_log_is_shown_in_lines_and_not_as_json(run: Run, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    of(run, "camera", "add", "Lobby", "rtsp://192.168.7.7/main", "--purpose", "lobby", *data)
    status, out, _ = run("audit", "show", "--kind", "camera", *data)
    assert status == 0
    assert "action added" in out and "purpose lobby" in out
    assert "{" not in out and '"' not in out
    [entry] = of(run, "audit", "show", "--kind", "camera", *data)
    assert entry["body"]["purpose"] == "lobby"
