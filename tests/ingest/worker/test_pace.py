from ingest.worker.pace import Pace


def test_frames_that_are_taken_late_say_that_the_machine_is_behind() -> None:
    pace = Pace(period=0.2, moment=0.0)
    assert not pace.behind(0.1)
    assert pace.behind(0.11)


def test_a_slow_camera_is_no_overloaded_machine() -> None:
    """A frame a second, where five were to be analysed: nothing is late."""
    pace = Pace(period=0.2, moment=0.0)
    moment = 0.0
    while moment < 1.0:
        assert not pace.behind(moment)
        moment += 0.05
        pace.waited(moment)
    pace.analysed(moment)
    assert pace.due > moment


def test_the_beat_is_fixed_and_missed_ones_are_gone() -> None:
    pace = Pace(period=0.2, moment=0.0)
    pace.analysed(0.05)
    assert pace.due == 0.2
    pace.analysed(3.0)
    assert pace.due == 3.0
