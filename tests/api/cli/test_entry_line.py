from api.cli.entry_line import entry_line
from tests.matcher.log import bodies


def test_an_entry_is_one_line_of_what_people_ask_for() -> None:
    assert entry_line(bodies.GALLERY_READ) == (
        "actor user:one, role operator, since 2026-03-01T09:00:00.000000Z, seen (names 3, declarations 1), subjects 0"
    )
    assert entry_line(bodies.LOGIN) == "action refused"
    verified = bodies.outcome(0) | {"mated": True, "dissimilarity": 0.25, "scores": {"sface": 0.125, "dlib": 0.5}}
    assert entry_line(verified) == (
        "request 0, candidates 0, searched 0, mated yes, dissimilarity 0.25, scores (sface 0.125, dlib 0.5)"
    )
    assert "gallery" not in entry_line(bodies.request()) and bodies.DIGEST not in entry_line(bodies.request())
