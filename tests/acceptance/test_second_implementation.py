"""aics-tlog, which this project did not write, checks what the project publishes; and the project what aics-tlog does.

It needs a newer Python than ours, so it runs in an interpreter of its own.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher.audit.auditor import audit
from matcher.audit.receipt import Receipt
from matcher.clock import system_clock
from matcher.log.entry import EntryKind
from matcher.log.log import AuditLog
from matcher.log.stored_publication import StoredPublication
from matcher.store.database import Database
from matcher.tlog.export import ExportedLog
from matcher.tlog.note import Signer, Verifier
from matcher.tlog.tile import Tile
from matcher.tlog.tree import TiledTree
from matcher.tlog.witness import Witness
from tests.matcher.log import bodies

pytestmark = pytest.mark.slow

ENTRIES, OLD = 66_000, 40_001
"""Three levels of tiles."""

CHECK = """
import base64, json, sys
from pathlib import Path
import aics_tlog as tlog

told = json.loads(sys.stdin.read())
reader = tlog.FileSystemTileReader(told["folder"])

def checkpoint(note, quorum=0):
    parsed = tlog.parse_note(note.encode())
    found = tlog.verify_checkpoint(
        parsed, tlog.parse_vkey(told["key"]), [tlog.parse_vkey(told["witness"])], quorum
    )
    assert found.ok, found
    return tlog.parse_checkpoint(parsed.text)

new, old = checkpoint(told["cosigned"], quorum=1), checkpoint(told["old"])
assert new.size == told["entries"]
report = tlog.audit_tiles(reader, new.size, new.root)
consistency = tlog.consistency_proof_from_tiles(reader, old.size, new.size)
assert tlog.verify_consistency(old.size, new.size, old.root, new.root, consistency)
assert [base64.b64encode(one).decode() for one in consistency] == told["consistency"]
for receipt in told["receipts"]:
    proof = [base64.b64decode(one) for one in receipt["proof"]]
    leaf, index = base64.b64decode(receipt["leaf"]), receipt["index"]
    assert tlog.verify_leaf_inclusion(leaf, index, new.size, proof, new.root)
    assert not tlog.verify_leaf_inclusion(leaf, index ^ 1, new.size, proof, new.root)
    assert tlog.read_entry(reader, index, new.size) == leaf
for path in told["spoil"]:
    file = Path(told["folder"], path)
    data = file.read_bytes()
    file.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    try:
        tlog.audit_tiles(reader, new.size, new.root)
    except (tlog.TileVerificationError, ValueError):
        pass
    else:
        raise AssertionError(f"{path} was changed, and that was not found")
    finally:
        file.write_bytes(data)
print(json.dumps({"tiles": report.tiles, "bundles": report.bundles}))
"""

WRITE = """
import json, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
import aics_tlog as tlog

folder, name = sys.argv[1:]
key = Ed25519PrivateKey.generate()
store = tlog.DirectoryTileStore(folder)
writer = tlog.IncrementalTileWriter(store, size=0)
writer.append([f"entry {at}".encode() for at in range(70_000)])
note = tlog.sign_checkpoint(tlog.Checkpoint(name, writer.size, writer.root()), key, name)
store.write_checkpoint(note.to_bytes())
print(json.dumps({"key": tlog.format_vkey(tlog.vkey_from_ed25519(name, key.public_key()))}))
"""


@pytest.fixture(scope="session")
def second(aics_tlog: Path) -> Callable[..., Any]:
    """Runs a script in aics-tlog's own interpreter; gives what it printed, from JSON."""
    interpreter = aics_tlog.resolve().parent / "python"

    def run(script: str, *arguments: object, told: object = None) -> Any:
        done = subprocess.run(  # noqa: PLW1510 - what it printed says more than its status
            [interpreter, "-c", script, *map(str, arguments)],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_it_verifies_what_we_publish(second: Callable[..., Any], tmp_path: Path) -> None:
    with Database.open(tmp_path / "data") as database:
        log = AuditLog(database, clock=system_clock)
        verifier = Verifier.parse(log.verifier_key)
        old = _grown(log, OLD)
        new = _grown(log, ENTRIES - OLD)
        folder = ExportedLog(tmp_path / "export")
        folder.extend(StoredPublication(database))
    with Witness.open(tmp_path / "witness", [verifier], name="example.org/w") as witness:
        cosigned = new + witness.add_checkpoint(f"old 0\n\n{new}")
        key = witness.verifier_key
    receipts = [Receipt.issue(folder, index) for index in (0, 255, 256, 65_535, 65_536, ENTRIES - 1)]
    found = second(
        CHECK,
        told={
            "folder": str(folder.folder),
            "entries": ENTRIES,
            "key": log.verifier_key,
            "witness": key,
            "cosigned": cosigned,
            "old": old,
            "consistency": _encoded(TiledTree(ENTRIES, folder.read).consistency(OLD)),
            "receipts": [
                {"index": one.index, "leaf": _encoded([one.data])[0], "proof": _encoded(one.proof)} for one in receipts
            ],
            "spoil": ["tile/0/000", "tile/0/200", "tile/1/000", "tile/entries/100", "tile/entries/257.p/208"],
        },
    )
    assert found == {"tiles": 258 + 2 + 1, "bundles": 258}


def test_we_verify_what_it_publishes(second: Callable[..., Any], tmp_path: Path) -> None:
    key = second(WRITE, tmp_path / "theirs", "example.com/theirs")["key"]
    folder = ExportedLog(tmp_path / "theirs")
    report = audit(folder, Verifier.parse(key))
    assert report.entries == 70_000
    # Their entries are no entries of ours; everything else is in order.
    assert {problem.code for problem in report.problems} == {"entry_malformed"}
    assert folder.read(Tile(level=2, number=0, width=1))
    assert {p.code for p in audit(folder, Signer.generate("example.com/theirs").verifier).problems} == {
        "checkpoint_invalid"
    }


def _grown(log: AuditLog, count: int) -> str:
    with log.writing() as connection:
        for at in range(count):
            log.append(connection, EntryKind.LOG_READ, bodies.log_read({"index": at}))
    return log.checkpoint()


def _encoded(hashes: Any) -> list[str]:
    import base64

    return [base64.b64encode(one).decode() for one in hashes]
