"""A dialogue with a worker that is not there."""

from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry

from ingest.camera.camera import Camera
from ingest.messages.message import encoded
from ingest.settings import IngestSettings
from ingest.supervision.dialogue import Dialogue
from ingest.supervision.health_record import HealthRecord
from ingest.supervision.listeners import Listeners
from ingest.supervision.metrics import IngestMetrics
from ingest.supervision.observer import NullObserver, Observer
from ingest.supervision.orders import Orders
from ingest.supervision.sighting_search import SightingSearch
from tests.ingest.stubs.message_stub import no_relays


@dataclass
class Sent:
    """A channel whose other end only listens."""

    messages: list[object] = field(default_factory=list)

    def send(self, message: Any) -> None:
        encoded(message)
        self.messages.append(message)


class Spoken:
    """The dialogue, and what it works with."""

    def __init__(self, *, observer: Observer | None = None, identifier: Any = None, alerts: Any = None) -> None:
        camera, settings = Camera(id="one", name="one", address="/nowhere.mp4", purpose="entry"), IngestSettings()
        self.sent = Sent()
        self.orders = Orders(watched=False)
        self.metrics = IngestMetrics(CollectorRegistry())
        listeners = Listeners(camera.id, observer=observer or NullObserver(), metrics=self.metrics)
        self.record = HealthRecord(camera.id, listeners)
        self.dialogue = Dialogue(
            self.sent,  # type: ignore[arg-type]
            no_relays(),
            camera=camera,
            settings=settings,
            orders=self.orders,
            search=SightingSearch(
                camera, identifier=identifier, alerts=alerts, alert_again_seconds=settings.alert_again_seconds
            ),
            health=self.record,
            listeners=listeners,
        )
