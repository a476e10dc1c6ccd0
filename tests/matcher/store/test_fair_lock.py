import threading
import time
from typing import Any

import pytest

from matcher.store.fair_lock import FairLock


def wait_for(lock: FairLock, waiting: int) -> None:
    until = time.monotonic() + 30
    while lock.waiting != waiting and time.monotonic() < until:
        time.sleep(0.001)
    assert lock.waiting == waiting


def test_first_come_first_served() -> None:
    lock, order, threads = FairLock(), [], []

    def work(number: int) -> None:
        assert lock.acquire(30)
        order.append(number)
        lock.release()

    assert lock.acquire(0)
    for number in range(10):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
        wait_for(lock, number + 1)
    lock.release()
    for thread in threads:
        thread.join()
    assert order == list(range(10))
    assert lock.acquire(0)


def test_a_thread_that_gave_up_is_not_given_the_lock() -> None:
    lock = FairLock()
    assert lock.acquire(0)
    assert not lock.acquire(0.01)
    assert lock.waiting == 0
    lock.release()
    assert lock.acquire(0)


def test_never_two_at_once_and_never_lost() -> None:
    lock, inside, counts = FairLock(), [0], [0]

    def work() -> None:
        for _ in range(300):
            if lock.acquire(0.0005):
                inside[0] += 1
                assert inside[0] == 1
                counts[0] += 1
                inside[0] -= 1
                lock.release()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts[0] > 0
    assert lock.acquire(0)


@pytest.mark.parametrize("given", [False, True])
def test_an_interrupted_thread_leaves_the_lock_to_others(monkeypatch: Any, given: bool) -> None:
    """Interrupted while it waits, or when it was given the lock just before."""
    lock = FairLock()
    assert lock.acquire(0)

    def interrupted(*_: object) -> None:
        if given:
            lock.release()
        raise KeyboardInterrupt

    monkeypatch.setattr("matcher.store.fair_lock.Future.result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lock.acquire(30)
    monkeypatch.undo()
    if not given:
        lock.release()
    assert lock.acquire(0)
