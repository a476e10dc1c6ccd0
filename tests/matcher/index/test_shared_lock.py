import threading

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
