from ingest.relay.login import Login


def test_a_refused_login_waits_one_five_and_fifteen_minutes() -> None:
    now = 1000.0
    login = Login(None, clock=lambda: now)
    assert login.wait == 0
    waits = []
    for _ in range(5):
        login.refused()
        waits.append(login.wait)
        now += login.wait
        assert login.wait == 0
    assert waits == [60, 300, 900, 900, 900]
    login.accepted()
    login.refused()
    assert login.wait == 60
