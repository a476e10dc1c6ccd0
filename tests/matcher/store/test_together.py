"""Group commit: several callers' work in one transaction."""

import resource
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from matcher.store import tables
from matcher.store.database import Database
from matcher.store.errors import StoreBusyError, StoreClosedError, StoreFailedError, StoreFullError
from tests.empty_folder import empty_folder

Work = Callable[[Connection], int]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(empty_folder(tmp_path / "data")) as opened:
        yield opened


def account(number: int, *, size: int = 1) -> Work:
    def work(connection: Connection) -> int:
        connection.execute(
            insert(tables.gallery).values(id=f"{number:03}" + "x" * size, revision=number),
        )
        return number

    return work


def then(work: Work, error: BaseException) -> Work:
    def failing(connection: Connection) -> int:
        work(connection)
        raise error

    return failing


def kept(database: Database) -> list[int]:
    with database.reading() as connection:
        return list(connection.execute(select(tables.gallery.c.revision).order_by(tables.gallery.c.id)).scalars())


class Gathering:
    """Callers that all wait for one writing, so that the next transaction is theirs together."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.transactions = 0

    def run(self, works: list[Work], *, before: Callable[[], None] = lambda: None) -> list[Future[int]]:
        with ThreadPoolExecutor(len(works)) as threads, self.database.writing():
            futures = []
            for work in works:
                futures.append(threads.submit(self.database.together, work, last=self._last))
                while len(self.database._turns._waiting) < len(futures):
                    time.sleep(0.001)
            before()
        return futures

    def _last(self, _: Connection) -> None:
        self.transactions += 1


@pytest.fixture
def gathering(database: Database) -> Gathering:
    return Gathering(database)


def test_alone_it_is_a_transaction_of_ones_own(database: Database) -> None:
    assert database.together(account(7), last=lambda _: None) == 7
    assert kept(database) == [7]


def test_who_waits_shares_one_transaction_in_order(database: Database, gathering: Gathering) -> None:
    order: list[int] = []

    def work(number: int) -> Work:
        return lambda connection: order.append(number) or account(number)(connection)  # type: ignore[func-returns-value]

    futures = gathering.run([work(number) for number in range(8)])
    assert [future.result() for future in futures] == list(range(8)) == order == kept(database)
    assert gathering.transactions == 1


def test_who_comes_while_a_part_runs_shares_its_transaction(database: Database) -> None:
    commits: list[Connection] = []
    with ThreadPoolExecutor(1) as threads:
        late: list[Future[int]] = []

        def first(connection: Connection) -> int:
            late.append(threads.submit(database.together, account(2), last=commits.append))
            while not database._turns._waiting:
                time.sleep(0.001)
            return account(1)(connection)

        assert database.together(first, last=commits.append) == 1
        assert late[0].result() == 2
    assert len(commits) == 1
    assert kept(database) == [1, 2]


def test_a_transaction_has_its_most_parts(database: Database, gathering: Gathering) -> None:
    assert len(gathering.run([account(number) for number in range(70)])) == 70
    assert gathering.transactions == 2
    assert kept(database) == list(range(70))


@pytest.mark.parametrize("error", [KeyError("mine"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("at", [0, 2, 4])
def test_one_that_raises_takes_no_other_down(
    database: Database, gathering: Gathering, error: BaseException, at: int
) -> None:
    works = [account(number) for number in range(5)]
    works[at] = then(works[at], error)
    futures = gathering.run(works)
    for number, future in enumerate(futures):
        if number == at:
            assert future.exception() is error
        else:
            assert future.result() == number
    assert kept(database) == [number for number in range(5) if number != at]
    assert gathering.transactions == 1
    assert database.together(account(9), last=lambda _: None) == 9


def test_a_broken_constraint_is_its_callers_own(database: Database, gathering: Gathering) -> None:
    futures = gathering.run([account(1), account(1), account(2)])
    assert [future.exception() is None for future in futures] == [True, False, True]
    assert kept(database) == [1, 2]


def test_a_full_disk_fails_the_whole_group(database: Database, gathering: Gathering) -> None:
    with database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    futures = gathering.run([account(1), account(2, size=100_000), account(3)])
    errors = [future.exception() for future in futures]
    assert all(isinstance(error, StoreFullError) for error in errors)
    assert len(set(map(id, errors))) == 3
    assert kept(database) == []
    assert database.together(account(4), last=lambda _: None) == 4


def test_an_io_error_fails_the_whole_group_and_all_after_it(database: Database, gathering: Gathering) -> None:
    # A real one: the kernel refuses the write (EFBIG), which SQLite calls SQLITE_IOERR_WRITE.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        futures = gathering.run(
            [account(1), account(2, size=3_000_000), account(3)],
            before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard)),
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert all(isinstance(future.exception(), StoreFailedError) for future in futures)
    assert database.failure is not None
    with pytest.raises(StoreFailedError):
        database.together(account(4), last=lambda _: None)
    assert kept(database) == []


def test_what_fails_at_the_end_fails_for_all(database: Database) -> None:
    def last(_: Connection) -> None:
        raise KeyError

    with pytest.raises(StoreBusyError) as caught:
        database.together(account(1), last=last)
    assert isinstance(caught.value.__cause__, KeyError)
    assert kept(database) == []


def test_who_waited_too_long_is_not_run_later(tmp_path: Path) -> None:
    with Database.open(empty_folder(tmp_path / "data"), busy_seconds=0.05) as database:
        with database.writing(), pytest.raises(StoreBusyError):
            database.together(account(1), last=lambda _: None)
        assert database.together(account(2), last=lambda _: None) == 2
        assert kept(database) == [2]


def test_a_closed_folder(database: Database) -> None:
    database.close()
    with pytest.raises(StoreClosedError):
        database.together(account(1), last=lambda _: None)


def test_plain_writers_and_groups_beside_one_another(database: Database) -> None:
    """Nobody is lost and nobody twice, whoever shares whose transaction."""
    together = threading.Barrier(8)

    def write(thread: int) -> None:
        together.wait()
        for at in range(25):
            number = thread * 25 + at
            if number % 3 == 0:
                with database.writing() as connection:
                    account(number)(connection)
            elif number % 5 == 0:
                with pytest.raises(KeyError):
                    database.together(then(account(number), KeyError()), last=lambda _: None)
            else:
                assert database.together(account(number), last=lambda _: None) == number

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    assert kept(database) == [number for number in range(200) if number % 3 == 0 or number % 5]


def test_a_plain_writer_is_not_overtaken(database: Database) -> None:
    order: list[Any] = []

    def plain() -> None:
        with database.writing():
            order.append("plain")

    def shared(name: str) -> None:
        database.together(lambda _: order.append(name), last=lambda _: order.append("commit"))

    with ThreadPoolExecutor(4) as threads, database.writing():
        for waiting, (call, *arguments) in enumerate([(shared, "a"), (shared, "b"), (plain,), (shared, "c")], start=1):
            threads.submit(call, *arguments)
            while len(database._turns._waiting) < waiting:
                time.sleep(0.001)
    assert order == ["a", "b", "commit", "plain", "c", "commit"]
