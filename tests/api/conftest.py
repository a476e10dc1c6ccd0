"""A real service on a folder of its own behind a real HTTP server, and a client for each role."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.access.passwords import HashCost
from api.permission import Role
from api.server.server import serving
from api.service import Service
from api.settings import ApiSettings
from ingest.settings import IngestSettings
from matcher.clock import system_clock
from matcher.probe.probe import Query
from matcher.recognition.recogniser import Recogniser
from matcher.settings import MatcherSettings
from tests.empty_folder import empty_folder

PASSWORD = "correct horse battery staple"
EVIDENCE = "ab" * 32
CHEAP = HashCost(passes=1, memory_kib=64, lanes=1)
"""Of a password's hash: at full cost each takes a fifth of a second of work."""


class SteppedClock:
    """The machine's clock, ahead by as much as a test has moved it."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self._ahead

    def move(self, **by: float) -> None:
        """Has it go ahead from now on; by: as of a timedelta."""
        self._ahead += timedelta(**by)

    @contextmanager
    def wrong(self, **by: float) -> Iterator[None]:
        """Has it go ahead, or behind, for as long as the block runs."""
        self.move(**by)
        try:
            yield
        finally:
            self._ahead -= timedelta(**by)


@dataclass(frozen=True, kw_only=True)
class Site:
    """A running service, its address and clock, and a token and an account's id for each role."""

    service: Service
    clock: SteppedClock
    address: str
    tokens: dict[Role, str]
    accounts: dict[Role, str]

    def client(self, role: Role | None = None) -> httpx.Client:
        """Somebody of this role with a token, or nobody."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.tokens[role]}"}
        # No certificates to load: it is plain HTTP on this machine.
        return httpx.Client(base_url=f"{self.address}/api/v1", headers=headers, timeout=60, verify=False)

    def as_role(self, role: Role | None, method: str, path: str, **arguments: object) -> httpx.Response:
        """One request of somebody of this role."""
        with self.client(role) as client:
            return client.request(method, path, **arguments)  # type: ignore[arg-type]

    @contextmanager
    def logged_in(self, name: str) -> Iterator[httpx.Client]:
        """Somebody who has logged in with a password, as a browser would; its writes prove where they come from."""
        with self.client() as client:
            answer = client.post("/sessions", json={"name": name, "password": PASSWORD})
            assert answer.status_code == 201, answer.text
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
            yield client

    def colleague(self, name: str = "colleague") -> str:
        """Another operator, by name: a confirmation takes two, and administrators review nothing."""
        self.service.accounts.create(name=name, password=PASSWORD, role=Role.OPERATOR)
        return name

    def consent(self, **changes: str) -> dict[str, str]:
        """The fields of an enrolment beside its pictures."""
        until = datetime.now(UTC) + timedelta(days=30)
        fields = {"name": "Eileen Collins", "purpose": "demo", "cameras": "*", "valid_until": until.isoformat()}
        return fields | {"evidence_digest": EVIDENCE} | changes

    def enrol(self, picture: bytes, **changes: str) -> str:
        """Enrols somebody; gives the subject's id."""
        files = [("files", ("x.jpg", picture))]
        answer = self.as_role(Role.OPERATOR, "POST", "/subjects", data=self.consent(**changes), files=files)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["subject"]["id"])

    def alert(self, picture: bytes) -> str:
        """Raises an alert as a camera would, and gives its id. Somebody like the picture must be enrolled."""
        return self.alerts(picture, 1)[0]

    def alerts(self, picture: bytes, count: int) -> list[str]:
        """Raises several about one sighting, and gives their ids, the oldest first."""
        matcher = self.service.matcher
        probe = matcher.probe(picture)
        query = Query(actor="camera:lobby", role="camera", camera="lobby", purpose="demo")
        found = matcher.identifier.identify(probe, query)
        ids = []
        for _ in range(count):
            raised = matcher.alerts.raise_alert(
                camera_id="lobby", candidate_list=found, probe=probe, captured_at=datetime.now(UTC)
            )
            ids.append(str(raised.id))
        return ids

    @staticmethod
    def code(answer: httpx.Response) -> str:
        """The code of an error in its one form; fails on any other form."""
        body = answer.json()
        assert set(body) == {"error"}, body
        texts = {key: body["error"][key] for key in ("code", "message", "remedy")}
        assert all(isinstance(text, str) and text for text in texts.values())
        return str(body["error"]["code"])


OpenSite = Callable[..., Iterator[Site]]
"""Opens a service in a folder, with these settings of the API."""


@pytest.fixture(scope="session")
def open_site(recogniser: Recogniser) -> OpenSite:
    """Opens a service in a folder; a generator, to be wrapped by fixtures of any scope."""

    def opened(folder: Path, **settings: object) -> Iterator[Site]:
        # Nothing that one test does keeps another waiting at a site that both use.
        many = dict.fromkeys(("requests_per_minute", "searches_per_minute", "login_attempts"), 100_000)
        clock = SteppedClock()
        with Service.open(
            matcher=MatcherSettings(folder=empty_folder(folder)),
            ingest=IngestSettings(),
            api=ApiSettings(**(many | settings)),  # type: ignore[arg-type]
            recogniser=recogniser,
            clock=clock,
            hash_cost=CHEAP,
        ) as service:
            accounts, tokens = {}, {}
            for role in Role:
                account = service.accounts.create(name=role.value, password=PASSWORD, role=role)
                accounts[role] = account.id
                tokens[role] = service.accounts.issue_token(account.id, name="test", actor="cli:test").secret
            with serving(service, host="127.0.0.1", port=0) as address:
                yield Site(service=service, clock=clock, address=address, tokens=tokens, accounts=accounts)

    return opened


@pytest.fixture(scope="session")
def shared_site(open_site: OpenSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One service for all tests that leave nothing behind which others would stumble over."""
    yield from open_site(tmp_path_factory.mktemp("shared") / "data")


@pytest.fixture
def site(open_site: OpenSite, tmp_path: Path) -> Iterator[Site]:
    """A service of the test's own."""
    yield from open_site(tmp_path / "data")
