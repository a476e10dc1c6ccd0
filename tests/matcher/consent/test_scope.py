"""The consent book's cached answers against computed ones: any changes, and a clock that also steps back."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from matcher.consent.consent import Consent, permits
from matcher.consent.consents import Consents
from matcher.consent.hours import parse_hours
from matcher.consent.rule import ENROLMENT, ENROLMENT_CHECK
from matcher.consent.scope import ConsentBook, Scope

UTC_ZONE = ZoneInfo("UTC")
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
CAMERAS = ("lobby", "garage")
HOURS = ((), parse_hours("sun 01:00-03:00"), parse_hours("sat 23:00-02:00; sun 04:00-05:00"))
PURPOSES = {"lobby": "demo", "garage": "demo", ENROLMENT: ENROLMENT_CHECK}

hours = st.integers(0, 6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("enrol"), st.integers(0, 3), hours, hours),
        st.tuples(st.just("withdraw consent"), st.integers(0, 3), hours, hours),
        st.tuples(st.just("gone"), st.integers(0, 3), hours, hours),
        st.tuples(st.just("ask"), st.integers(0, 1), hours, hours),
    ),
    max_size=30,
)


def consent(subject: str, at: int, first: int, last: int) -> Consent:
    return Consent(
        id=f"{sha256(f'{subject} {at}'.encode()).hexdigest()}",
        subject_id=subject,
        purpose="demo",
        cameras=frozenset({CAMERAS[at % 2]}),
        valid_from=BEGIN + timedelta(hours=first),
        valid_until=BEGIN + timedelta(hours=first + last + 1),
        evidence_digest="ab" * 32,
        recorded_at=BEGIN,
        times=HOURS[at % len(HOURS)],
    )


def answer(book: ConsentBook, camera: str, hour: int) -> Scope:
    return book.scope(camera=camera, purpose=PURPOSES[camera], moment=BEGIN + timedelta(hours=hour), zone=UTC_ZONE)


def covered(consents: Iterable[Consent], camera: str, hour: int) -> bool:
    return permits(
        consents, camera=camera, purpose=PURPOSES[camera], moment=BEGIN + timedelta(hours=hour), zone=UTC_ZONE
    )


@given(steps)
def test_cached_answers_equal_computed_ones(taken: list[tuple[str, int, int, int]]) -> None:
    book = ConsentBook("gallery", 0)
    consents: dict[str, dict[str, Consent]] = {}
    references: dict[str, dict[int, bytes]] = {}
    for at, (what, who, one, other) in enumerate(taken, start=1):
        subject, now = f"subject-{who}", None if other == 6 else BEGIN + timedelta(hours=one)
        if what == "enrol":
            new, digest = consent(subject, at, one, other), sha256(str(at).encode()).digest()
            consents.setdefault(subject, {})[new.id] = new
            references.setdefault(subject, {})[at] = digest
            book.update(at, consents=Consents.of([new]), references={at: (subject, digest)}, moment=now)
        elif what == "withdraw consent" and consents.get(subject):
            first = next(iter(consents[subject].values()))
            ended = replace(first, withdrawn_at=BEGIN)
            consents[subject][first.id] = ended
            book.update(at, consents=Consents.of([ended]), moment=now)
        elif what == "gone":
            consents.pop(subject, None)
            references.pop(subject, None)
            book.update(at, gone=subject)
        else:
            fresh = ConsentBook("gallery", at)
            fresh.update(
                at,
                consents=Consents.of(one for held in consents.values() for one in held.values()),
                references={
                    number: (owner, digest) for owner, held in references.items() for number, digest in held.items()
                },
            )
            for camera in PURPOSES:
                kept, made = answer(book, camera, one), answer(fresh, camera, one)
                assert {n for n in range(40) if n in kept.selection} == {
                    number
                    for owner, held in references.items()
                    if covered(consents.get(owner, {}).values(), camera, one)
                    for number in held
                }
                assert {n for n in range(40) if n in kept.selection} == {n for n in range(40) if n in made.selection}
                assert len(kept.selection) == len(made.selection)
                assert (kept.content_hash, kept.size) == (made.content_hash, made.size)


def test_an_answer_handed_out_does_not_change() -> None:
    book = ConsentBook("gallery", 0)
    book.update(1, consents=Consents.of([consent("ann", 0, 0, 5)]), references={1: ("ann", b"1" * 32)})
    before = answer(book, "lobby", 1)
    book.update(2, gone="ann")
    assert 1 in before.selection
    assert len(answer(book, "lobby", 1).selection) == 0
