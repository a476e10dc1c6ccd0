"""The matcher, put together: opens a data folder and hands out what works on it. The one place that knows all parts."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from types import TracebackType
from typing import Any, Self

from prometheus_client import CollectorRegistry
from threadpoolctl import threadpool_limits

from matcher.alerts.alerts import Alerts
from matcher.audit.camera_traffic import CameraTraffic
from matcher.chosen_point import chosen_point
from matcher.clock import Clock, system_clock
from matcher.enrolment.enrolment import Enroller
from matcher.enrolment.enrolment_check import MOST_SUBJECTS, EnrolmentCheck, check_point
from matcher.evaluation.expectation import DAY, WEEK
from matcher.index.local_shard import LocalShard
from matcher.index.shard import Shard
from matcher.log.cosigning import Cosigning
from matcher.log.entry import AuditEntry, EntryKind
from matcher.log.log import AuditLog
from matcher.metrics import MatcherMetrics
from matcher.people.declaration import Declarations
from matcher.people.gallery import Gallery
from matcher.probe.probe import Probe
from matcher.probe.sample import Sampler
from matcher.recognition.image import PictureBytes
from matcher.recognition.operating_point import OperatingPoint, load_operating_points, load_scale
from matcher.recognition.quality import QualityGate
from matcher.recognition.recogniser import Recogniser
from matcher.recognition.scale import StandsFor
from matcher.recovery import recover
from matcher.search.identification import Identifier
from matcher.search.replay import Replayer
from matcher.settings import MatcherSettings
from matcher.store.database import Database
from matcher.store.sealing import MasterKey, load_master_key
from matcher.time_zone import time_zone
from matcher.tlog.errors import LogError
from matcher.tlog.policy import read_policy

_PAGE = 10
"""Changes read at a time: the last change of the model is most often among the newest few."""


class Matcher:
    """An open matcher. Owns the data folder until `close`; the parts are safe to use from several threads."""

    def __init__(
        self,
        *,
        settings: MatcherSettings,
        database: Database,
        shard: Shard,
        recogniser: Recogniser,
        operating_point: OperatingPoint,
        clock: Clock,
        metrics: MatcherMetrics,
        gate: QualityGate,
    ) -> None:
        """Use `open`."""
        self.settings = settings
        self.database = database
        self.recogniser = recogniser
        self.metrics = metrics
        metrics.data_free_bytes.set_function(lambda: shutil.disk_usage(database.folder).free)
        self.clock = clock
        self.master_key: MasterKey = load_master_key(
            database,
            text=None if settings.master_key is None else settings.master_key.get_secret_value(),
            file=settings.master_key_file,
        )
        self.log = AuditLog(database, clock=clock, metrics=metrics)
        recovered = recover(database, self.log)
        policy = read_policy(settings.witness_policy)
        self.cosigning = Cosigning(database, self.log, policy, clock=clock, metrics=metrics)
        # The gallery fills it; identifiers and the replayer search it, and log that first. Nothing else can search it.
        self._shard = shard
        fusion = recogniser.fusion
        self.gallery = Gallery(
            database,
            self.master_key,
            self.log,
            shard,
            model_digest=recogniser.model_digest,
            zone=time_zone(settings.time_zone),
            metrics=metrics,
        )
        self.declarations = Declarations(database, self.gallery, self.log)
        self.sampler = Sampler(recogniser, gate)
        self.identifier = self._identifier(operating_point, candidates=settings.candidates, metrics=metrics)
        self.scale = load_scale(settings.folder, model_digest=recogniser.model_digest, weights=fusion.weights)
        """What a dissimilarity stands for; None where that was not measured."""
        # Without metrics: nobody asked for an identification.
        check = self._identifier(check_point(operating_point, self.scale), candidates=MOST_SUBJECTS)
        threshold = operating_point.threshold
        self.enroller = Enroller(self.sampler, self.gallery, shard, EnrolmentCheck(check), threshold=threshold)
        self.replayer = Replayer(database, self.log, self.gallery, shard, recogniser, subjects=settings.candidates)
        self.traffic = CameraTraffic(database, days=(DAY, WEEK))
        self.alerts = Alerts(database, self.gallery, self.log, recovered.raised)

    @classmethod
    def open(
        cls,
        settings: MatcherSettings,
        *,
        recogniser: Recogniser | None = None,
        operating_point: OperatingPoint | None = None,
        clock: Clock = system_clock,
        registry: CollectorRegistry | None = None,
        gate: QualityGate | None = None,
    ) -> Self:
        """Opens the data folder and logs the start. From then on the process's linear algebra uses one thread a call.

        recogniser: None loads the model that the settings choose. operating_point: None takes the one they name. Raises
        OperatingPointUnknownError, OperatingPointSettingError, OperatingPointError, EmbedderEntryError,
        FusionSettingError, MasterKeyError, LogKeyError, LogTruncatedError, ClockError, PolicyError, LogUnsoundError,
        ModelError and what `Database.open` raises.
        """
        # Searches run beside one another and beside cameras: a product that wants all cores only waits for them.
        threadpool_limits(1, user_api="blas")
        with ExitStack() as opened:
            database = opened.enter_context(closing(Database.open(settings.folder)))
            recogniser = _loaded(settings) if recogniser is None else recogniser
            fusion, digest = recogniser.fusion, recogniser.model_digest
            point = operating_point or chosen_point(settings, model_digest=digest, weights=fusion.weights)
            shard = opened.enter_context(closing(LocalShard(fusion, model_digest=digest)))
            matcher = cls(
                settings=settings,
                database=database,
                shard=shard,
                recogniser=recogniser,
                operating_point=point,
                clock=clock,
                metrics=MatcherMetrics(CollectorRegistry() if registry is None else registry),
                gate=QualityGate() if gate is None else gate,
            )
            matcher._log_start()
            opened.pop_all()
        return matcher

    def probe(self, data: PictureBytes, *, face: int | None = None) -> Probe:
        """The probe of the one good face in a picture. face: which one where there are several, from 1, largest first.

        Raises an image error, NoFaceError, SeveralFacesError, FaceUnknownError or FaceQualityError.
        """
        return self.sampler.sample(data, face=face).probe()

    def operating_points(self) -> dict[str, OperatingPoint]:
        """All there are now, by name, also those calibrated since the start; among them the one in use.

        Raises OperatingPointError.
        """
        point = self.identifier.operating_point
        others = {
            name: other.used_with(point.model_digest, point.weights)
            for name, other in load_operating_points(self.settings.folder).items()
        }
        return others | {point.name: point}

    def stands_for(self, dissimilarity: float, *, request_index: int) -> StandsFor | None:
        """What the dissimilarity stands for that this search found; None without a scale, or if it was another
        model's."""
        if self.scale is None or request_index < self._model_since:
            return None
        return self.scale.stands_for(dissimilarity)

    def close(self) -> None:
        """Logs the stop, if the log can still be written, and gives the data folder back. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self.cosigning.close()
        try:
            # A start entry that follows no stop entry tells of the failure as well.
            with suppress(LogError):
                self.log.record(EntryKind.STOP, {})
        finally:
            self._shard.close()
            self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _identifier(
        self, point: OperatingPoint, *, candidates: int, metrics: MatcherMetrics | None = None
    ) -> Identifier:
        return Identifier(
            self._shard,
            self.gallery,
            self.log,
            point,
            self.clock,
            fusion=self.recogniser.fusion,
            candidates=candidates,
            metrics=metrics,
        )

    _closed = False
    _model_since = 0

    def _log_start(self) -> None:
        """The start entry, and one more if model, fusion or threshold are not what they were at the last start."""
        point = self.identifier.operating_point
        state: dict[str, Any] = {
            "model_digest": self.recogniser.model_digest,
            "fusion": dict(self.recogniser.fusion.weights),
            "operating_point": {"name": point.name, "threshold": point.threshold},
        }
        starts = self.log.entries(0, 1, kinds=[EntryKind.START], newest_first=True)
        last = {key: starts[0].body.get(key) for key in state} if starts else state
        with self.log.writing() as connection:
            start = {"gallery_revision": self.gallery.revision, "time_zone": self.settings.time_zone}
            self.log.append(connection, EntryKind.START, state | start)
            if last != state:
                self.log.append(connection, EntryKind.MODEL, {"before": last, "after": state})
        compared = {key: state[key] for key in ("model_digest", "fusion")}
        others = (one for one in self._changes() if not compared.items() <= one.body["before"].items())
        self._model_since = next((one.index for one in others), 0)

    def _changes(self) -> Iterator[AuditEntry]:
        """The changes of model, fusion or threshold, the newest first, read as they are asked for."""
        after = 0
        while page := self.log.entries(after, _PAGE, kinds=[EntryKind.MODEL], newest_first=True):
            yield from page
            after = self.log.size() - page[-1].index


def _loaded(settings: MatcherSettings) -> Recogniser:
    from matcher.recognition.networks.pipeline import load_recogniser

    return load_recogniser(settings.face_model())
