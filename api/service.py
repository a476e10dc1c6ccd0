"""The composition root: opens every package on one data folder and connects them; no other module knows them all. The
operations for callers are in the use cases (`api/use_cases/`): a router, or any other interface, parses, calls one, and
answers.
"""

from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, ProcessCollector

from api.access.accounts import Accounts
from api.access.login_metrics import LoginMetrics
from api.access.logins import Logins
from api.access.passwords import FULL_COST, HashCost
from api.access.second_factor import SecondFactors
from api.camera_checks import CameraChecks
from api.connection_metrics import ConnectionMetrics
from api.events import EventHub
from api.gallery_reads import GalleryReads
from api.settings import ApiSettings
from api.use_cases.camera_control import CameraControl
from api.use_cases.people import People
from api.use_cases.reviewing import Reviewing
from api.use_cases.searching import Searching
from ingest.camera.camera_store import CameraStore
from ingest.messages.factory import DETECTING, recognising
from ingest.settings import IngestSettings
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.supervisor import Supervisor
from matcher.clock import Clock, system_clock
from matcher.matcher import Matcher
from matcher.picture.decoding import AT_ONCE
from matcher.recognition.recogniser import Recogniser
from matcher.settings import MatcherSettings, secret_paths


class Service:
    """One running Clearglass. `start` starts the cameras; `close` ends every thread and process that it started."""

    def __init__(
        self,
        *,
        matcher: Matcher,
        ingest: IngestSettings,
        api: ApiSettings,
        registry: CollectorRegistry,
        clock: Clock,
        hash_cost: HashCost,
    ) -> None:
        self.matcher = matcher
        self.settings = api
        self.registry = registry
        self.connection_metrics = ConnectionMetrics(registry)
        self.clock = clock
        self.cameras = CameraStore(
            matcher.database, matcher.master_key, matcher.log, policy=ingest.address_policy(), clock=clock
        )
        self.accounts = Accounts(matcher.database, matcher.log, api, clock, hash_cost=hash_cost)
        self.second_factors = SecondFactors(matcher.database, matcher.log, matcher.master_key, clock)
        self.logins = Logins(
            matcher.database,
            matcher.log,
            factors=self.second_factors,
            master_key=matcher.master_key,
            settings=api,
            metrics=LoginMetrics(registry),
            clock=clock,
            hash_cost=hash_cost,
        )
        self.gallery_reads = GalleryReads(matcher.log, clock)
        forbidden = secret_paths(matcher.settings)
        checks = CameraChecks(settings=ingest, recogniser_factory=DETECTING, clock=clock, forbidden=forbidden)
        self.events = EventHub()
        self.supervisor = Supervisor(
            identifier=matcher.identifier,
            alerts=matcher.alerts,
            observer=self.events,
            settings=ingest,
            metrics=IngestMetrics(registry),
            recogniser_factory=recognising(embedders=matcher.settings.embedders, fusion=matcher.settings.fusion),
            forbidden=forbidden,
        )
        self.events.on_watching(self.supervisor.watching)
        self.people = People(matcher, self.cameras, self.gallery_reads)
        self.reviewing = Reviewing(
            matcher, cameras=self.cameras, people=self.people, accounts=self.accounts, reads=self.gallery_reads
        )
        self.searching = Searching(matcher)
        self.camera_control = CameraControl(self.cameras, self.supervisor, self.events, checks)
        matcher.gallery.follow("cameras", self.supervisor)
        matcher.gallery.follow("events", self.events)
        matcher.alerts.listen(self.events)

    @classmethod
    def open(
        cls,
        *,
        matcher: MatcherSettings,
        ingest: IngestSettings,
        api: ApiSettings,
        recogniser: Recogniser | None = None,
        clock: Clock = system_clock,
        hash_cost: HashCost = FULL_COST,
    ) -> Self:
        """Opens the data folder, which no other process may hold. hash_cost: of the passwords that are set from now on.

        Raises: DataFolderInUseError, and the errors of `Matcher.open` for the folder or the models.
        """
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        opened = Matcher.open(matcher, recogniser=recogniser, clock=clock, registry=registry)
        return cls(matcher=opened, ingest=ingest, api=api, registry=registry, clock=clock, hash_cost=hash_cost)

    def start(self) -> None:
        """Starts every enabled camera and the log's cosigning, and prepares the processing of pictures."""
        self.matcher.cosigning.start()
        self.gallery_reads.start()
        self.supervisor.start(camera for camera in self.cameras.list() if camera.enabled)
        self.matcher.sampler.warm_up(at_once=AT_ONCE)

    def close(self) -> None:
        """Stops the cameras and releases the data folder. A second call does nothing."""
        self.events.close()
        self.camera_control.checks.close()
        self.supervisor.close()
        self.logins.settle()
        self.gallery_reads.close()
        self.matcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
