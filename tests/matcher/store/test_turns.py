import threading
import time

from matcher.store.turns import Turns


def test_first_come_first_served() -> None:
    turns, order, threads = Turns(), [], []

    def work(number: int) -> None:
        assert turns.acquire(30)
        order.append(number)
        turns.release()

    assert turns.acquire(0)
    for number in range(10):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
        while len(turns._waiting) <= number:
            time.sleep(0.001)
    turns.release()
    for thread in threads:
        thread.join()
    assert order == list(range(10))
    assert turns.acquire(0)


def test_who_gave_up_is_not_called() -> None:
    turns = Turns()
    assert turns.acquire(0)
    assert not turns.acquire(0.01)
    turns.release()
    assert turns.acquire(0)


def test_never_two_at_once_and_never_lost() -> None:
    turns, inside, counts = Turns(), [0], [0]

    def work() -> None:
        for _ in range(300):
            if turns.acquire(0.0005):
                inside[0] += 1
                assert inside[0] == 1
                counts[0] += 1
                inside[0] -= 1
                turns.release()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts[0] > 0
    assert turns.acquire(0)
