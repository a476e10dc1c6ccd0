import threading
import time

from matcher.index.shared_lock import SharedLock


def test_readers_are_together_and_a_change_is_alone() -> None:
    lock, inside, wrong = SharedLock(), set[str](), list[set[str]]()
    past = threading.Event()
    together = threading.Barrier(3, action=past.set, timeout=30)

    def read(name: str) -> None:
        with lock.reading():
            together.wait()  # only three who are inside at once come past it
        for _ in range(200):
            with lock.reading():
                if "change" in inside:
                    wrong.append(set(inside))
                inside.add(name)
                inside.discard(name)

    def change() -> None:
        for _ in range(50):
            with lock.changing():
                if inside:
                    wrong.append(set(inside))
                inside.add("change")
                inside.discard("change")

    readers = [threading.Thread(target=read, args=(str(number),)) for number in range(3)]
    changer = threading.Thread(target=change)
    for thread in readers:
        thread.start()
    assert past.wait(60)
    changer.start()
    for thread in [*readers, changer]:
        thread.join(60)
        assert not thread.is_alive()
    assert not wrong


def test_a_change_waits_for_the_readers_before_it_and_goes_before_those_after_it() -> None:
    lock, order = SharedLock(), list[str]()
    inside, leave = threading.Event(), threading.Event()

    def read_before() -> None:
        with lock.reading():
            inside.set()
            leave.wait(30)
            order.append("before")

    def change() -> None:
        with lock.changing():
            order.append("change")

    def read_after() -> None:
        with lock.reading():
            order.append("after")

    threads = [threading.Thread(target=work) for work in (read_before, change, read_after)]
    for thread in threads:
        thread.start()
        assert inside.wait(30)
        time.sleep(0.1)  # until the thread waits
    assert order == []
    leave.set()
    for thread in threads:
        thread.join(30)
    assert order == ["before", "change", "after"]


def test_who_fails_gives_it_back() -> None:
    lock = SharedLock()
    for taken in (lock.reading, lock.changing):
        try:
            with taken():
                raise RuntimeError
        except RuntimeError:
            pass
    with lock.changing():
        pass
