from ingest.relay.refusals import Refusals


def test_a_refused_login_waits_one_five_and_fifteen_minutes() -> None:
    now = 1000.0
    refusals = Refusals(clock=lambda: now)
    assert refusals.wait == 0 and refusals.retry_at is None
    waits = []
    for _ in range(5):
        refusals.refused()
        refusals.refused()
        waits.append(refusals.wait)
        now += refusals.wait
        assert refusals.wait == 0
    assert waits == [60, 300, 900, 900, 900], "two that were refused at the same time count once"
    refusals.accepted()
    assert refusals.retry_at is None
    refusals.refused()
    assert refusals.wait == 60
