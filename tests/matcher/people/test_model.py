"""The gallery against a model of it that fits on a page: any order of changes, restarts and passing time."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from matcher.audit.verification import verify_log

pytestmark = pytest.mark.slow

CAMERAS = ["lobby", "garage"]
PURPOSES = ["demo", "staff"]
cameras = st.sampled_from([frozenset({"*"}), frozenset({"lobby"}), frozenset(CAMERAS)])
people = st.integers(1, 6)
hours = st.integers(1, 5)


def machine(stub: Any) -> type[RuleBasedStateMachine]:
    class Galleries(RuleBasedStateMachine):
        subjects = Bundle("subjects")
        consents = Bundle("consents")

        def __init__(self) -> None:
            super().__init__()
            self.folder = tempfile.TemporaryDirectory()
            self.world = stub.World(Path(self.folder.name) / "data")
            self.matcher = self.world.open()
            self.people: dict[str, int] = {}
            self.given: dict[str, tuple[str, str, frozenset[str], datetime]] = {}

        def teardown(self) -> None:
            assert verify_log(self.matcher.database, self.matcher.log.verifier_key).verified
            self.matcher.close()
            self.folder.cleanup()

        def remember(self, consent: Any) -> str:
            self.given[consent.id] = (consent.subject_id, consent.purpose, consent.cameras, consent.valid_until)
            return str(consent.id)

        @rule(target=subjects, person=people, pictures=st.integers(1, 2), cameras=cameras, hours=hours)
        def enrol(self, person: int, pictures: int, cameras: frozenset[str], hours: int) -> str:
            until = self.world.clock() + timedelta(hours=hours)
            enrolment = self.world.enrol(self.matcher, *[person] * pictures, cameras=cameras, valid_until=until)
            self.people[enrolment.subject.id] = person
            self.remember(enrolment.consent)
            return str(enrolment.subject.id)

        @rule(target=consents, subject=subjects, purpose=st.sampled_from(PURPOSES), cameras=cameras, hours=hours)
        def grant(self, subject: str, purpose: str, cameras: frozenset[str], hours: int) -> str:
            until = self.world.clock() + timedelta(hours=hours)
            new = self.world.consent(purpose=purpose, cameras=cameras, valid_until=until)
            return self.remember(self.matcher.gallery.grant(subject, new, "user:1"))

        @rule(consent=consumes(consents))
        def withdraw_consent(self, consent: str) -> None:
            self.matcher.gallery.withdraw_consent(consent, "user:1")
            self.given.pop(consent, None)

        @rule(subject=consumes(subjects))
        def withdraw(self, subject: str) -> None:
            self.matcher.gallery.withdraw(subject, "user:1")
            del self.people[subject]
            self.given = {id_: consent for id_, consent in self.given.items() if consent[0] != subject}

        @rule(hours=hours)
        def wait(self, hours: int) -> None:
            self.world.clock.move(hours=hours)

        @precondition(lambda self: self.people)
        @rule()
        def restart(self) -> None:
            self.matcher.close()
            self.matcher = self.world.open()

        @rule(person=people, camera=st.sampled_from(CAMERAS), purpose=st.sampled_from(PURPOSES))
        def search(self, person: int, camera: str, purpose: str) -> None:
            found = self.world.found(self.matcher, person, camera=camera, purpose=purpose)
            now = self.world.clock()
            expected = {
                subject
                for subject, wanted, places, until in self.given.values()
                if wanted == purpose and places & {camera, "*"} and now < until and person == self.people[subject]
            }
            assert len(found) == len(set(found)) == min(len(expected), 5)
            assert set(found) <= expected

        @invariant()
        def all_are_listed(self) -> None:
            assert {subject.id for subject in self.matcher.gallery.subjects()} == set(self.people)

    return Galleries


@pytest.mark.timeout(120)
def test_any_order_of_changes(stub: Any) -> None:
    run_state_machine_as_test(
        machine(stub),
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
