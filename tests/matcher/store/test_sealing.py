import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.folder.errors import FolderOpenError
from matcher.folder.secret_file import write_secret
from matcher.store.database import Database
from matcher.store.sealing import MASTER_KEY_FILE, MasterKey, MasterKeyError, SealError, SealingKey, load_master_key
from tests.empty_folder import empty_folder

KEY = SealingKey(bytes(range(32)))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(empty_folder(tmp_path / "data")) as opened:
        yield opened


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


@given(st.binary(max_size=300), st.text(max_size=30))
def test_what_is_sealed_opens(plain: bytes, context: str) -> None:
    context = context.encode("utf-8", "replace").decode()
    sealed = KEY.seal(plain, context=context)
    assert KEY.open(sealed, context=context) == plain
    assert sealed != KEY.seal(plain, context=context)


@given(st.binary(max_size=50), st.integers(0), st.integers(0, 7))
def test_any_flipped_bit_is_noticed(plain: bytes, place: int, bit: int) -> None:
    sealed = bytearray(KEY.seal(plain, context="here"))
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(SealError):
        KEY.open(bytes(sealed), context="here")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(20)])
def test_rubbish_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealError):
        KEY.open(sealed, context="here")


def test_a_sealed_value_opens_only_in_its_place_and_with_its_key() -> None:
    sealed = KEY.seal(b"secret", context="name:1")
    with pytest.raises(SealError):
        KEY.open(sealed, context="name:2")
    with pytest.raises(SealError):
        SealingKey.generate().open(sealed, context="name:1")


def test_wrapped_keys_come_back() -> None:
    master, key = MasterKey.generate(), SealingKey.generate()
    again = master.unwrap(master.wrap(key, context="k"), context="k")
    assert again.open(key.seal(b"x", context="c"), context="c") == b"x"


def test_keys_are_not_shown() -> None:
    assert repr(KEY) == "SealingKey(…)"
    assert str(MasterKey(bytes(32))) == "MasterKey(…)"


def test_a_key_is_made_once_and_found_again(database: Database) -> None:
    sealed = load_master_key(database).seal(b"x", context="c")
    path = database.folder / MASTER_KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_master_key(database).open(sealed, context="c") == b"x"


def test_a_key_half_written_by_a_killed_start_is_no_key(database: Database) -> None:
    (database.folder / f"{MASTER_KEY_FILE}.unfinished").write_bytes(b"half")
    load_master_key(database)
    assert [path.name for path in database.folder.glob("master.key*")] == [MASTER_KEY_FILE]
    with pytest.raises(FileExistsError):
        write_secret(database.folder / MASTER_KEY_FILE, b"another")


def test_a_lost_key_is_never_replaced_silently(database: Database) -> None:
    load_master_key(database)
    (database.folder / MASTER_KEY_FILE).unlink()
    with pytest.raises(MasterKeyError, match="not there"):
        load_master_key(database)
    assert not (database.folder / MASTER_KEY_FILE).exists()


def test_another_key_is_refused(database: Database) -> None:
    load_master_key(database, text=text(os.urandom(32)))
    with pytest.raises(MasterKeyError, match="not the one"):
        load_master_key(database, text=text(os.urandom(32)))


def test_a_key_from_a_file_or_the_environment_leaves_none_in_the_folder(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(text(bytes(range(32))) + "\n")
    file.chmod(0o644)
    with pytest.raises(FolderOpenError, match="Everybody on this machine may read the key") as caught:
        load_master_key(database, file=file)
    assert caught.value.remedy == f"Run: chmod 600 {file}"
    file.chmod(0o440)  # as systemd hands a credential over
    load_master_key(database, file=file)
    load_master_key(database, text=text(bytes(range(32))))
    assert not (database.folder / MASTER_KEY_FILE).exists()


@pytest.mark.parametrize("bad", ["", "not base64!", text(b"short"), text(bytes(33))])
def test_malformed_keys_are_refused_and_not_echoed(database: Database, bad: str) -> None:
    with pytest.raises(MasterKeyError) as caught:
        load_master_key(database, text=bad)
    assert not bad or bad not in str(caught.value)


def test_a_key_file_that_is_not_there(database: Database, tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match="cannot be read"):
        load_master_key(database, file=tmp_path / "none")
