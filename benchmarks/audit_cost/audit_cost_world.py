"""The world of the measurement: enrolled synthetic vectors, a log of any length, and a search without a log."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.benchmark import Progress
from benchmarks.harness.consent import one_day
from matcher.clock import system_clock
from matcher.consent.scope import Scope
from matcher.index.local_shard import LocalShard
from matcher.log.entry import AuditEntry, EntryKind
from matcher.log.log import AuditLog
from matcher.log.version import NEWEST, Body
from matcher.matcher import Matcher
from matcher.people.template_source import TemplateSource
from matcher.picture.pixel_array import Image
from matcher.probe.probe import Probe, Query
from matcher.probe.sample import FaceSample
from matcher.recognition.face import Face
from matcher.recognition.operating_point import OperatingPoint
from matcher.recognition.quality import Quality
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.template import Template
from matcher.search.evidence import Evidence
from matcher.search.identification import MOST_SEARCHES, Identifier
from matcher.search.rounds import Rounds
from matcher.search.search_log import SearchLog, outcome_body, request_body
from matcher.settings import MatcherSettings
from matcher.store.database import Database

DIGEST = sha256(b"synthetic unit vectors").hexdigest()
QUERY = Query(actor="user:benchmark", role="operator", camera="lobby", purpose="demo")
POINT = OperatingPoint(
    name="synthetic", threshold=0.5, model_digest=DIGEST, weights=DEFAULT_FUSION.weights, evidence=None
)
_QUALITY = Quality(eye_distance=60, sharpness=500, yaw=0, pitch=0, roll=0, brightness=128, inside=1)
_BULK = 10_000


class _NoRecogniser:
    """A matcher needs one; here no picture is ever processed."""

    model_digest = DIGEST
    fusion = DEFAULT_FUSION

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        return [[] for _ in images]

    def assess(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Quality]:
        return [_QUALITY for _ in images]

    def orientations(self, images: Sequence[Image], faces: Sequence[Face]) -> list[int | None]:
        return [0 for _ in faces]

    def extract(self, images: Sequence[Image], faces: Sequence[Face]) -> list[Template]:
        raise AssertionError("no picture is ever looked at")


class _Unlogged(AuditLog):
    """Stores nothing. A search on it does everything except the logging, including the consent check at its end."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def writing(self) -> Iterator[Any]:
        with self._database.reading() as connection:
            yield connection

    def moment(self, connection: Any) -> datetime:
        return system_clock()

    def append(self, connection: Any, kind: EntryKind, body: Body) -> AuditEntry:
        return AuditEntry(index=0, version=NEWEST, time=system_clock(), kind=kind, body=body, data=b"")


class _WithoutEvidence(SearchLog):
    """Ends a search without an entry and without evidence."""

    def end(self, *_: Any) -> int:
        return 0


class SearchAlone(Identifier):
    """The same searches, on the same gallery, without a log."""

    @classmethod
    def of(cls, matcher: Matcher) -> "SearchAlone":
        """Equals the matcher's own identifier except for the log; the index is not available otherwise."""
        twin, log = cls.__new__(cls), _Unlogged(matcher.database)
        searches = _WithoutEvidence(matcher.gallery, log, system_clock)
        rounds = Rounds(twin._answer_round, most=MOST_SEARCHES)
        own = {"_log": log, "_searches": searches, "_metrics": None, "_rounds": rounds}
        vars(twin).update(vars(matcher.identifier) | own)
        return twin


class _Logged(Future[None]):
    """The two entries of a search that nobody made."""

    def __init__(self, request: Body) -> None:
        super().__init__()
        self.request = request


class LogAlone:
    """No search: a request and an outcome, each durable, one after the other, in rounds as searches are made.

    What the log could carry by itself.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._log = matcher.log
        self._scope = matcher.gallery.scope(QUERY, system_clock())
        self._rounds = Rounds(self._log_round, most=MOST_SEARCHES)

    def identify(self, probe: Probe, query: Query) -> None:
        """Logs as a search that found nobody does."""
        logged = _Logged(_request(self._scope, probe, query))
        self._rounds.join([logged])
        logged.result()

    def _log_round(self, arriving: Iterator[_Logged]) -> None:
        with self._log.writing() as connection:
            begun = [(one, self._log.append(connection, EntryKind.REQUEST, one.request)) for one in arriving]
        with self._log.writing() as connection:
            for _, asked in begun:
                outcome = _nobody(asked, self._log.moment(connection), self._scope)
                self._log.append(connection, EntryKind.OUTCOME, outcome)
        for one, _ in begun:
            one.set_result(None)


@dataclass(frozen=True, kw_only=True)
class World:
    """An open matcher with its gallery. probes: mated and non-mated, alternating."""

    matcher: Matcher
    probes: Sequence[Probe]


@contextmanager
def open_world(folder: Path, progress: Progress, *, references: int, probes: int, seed: int) -> Iterator[World]:
    """Enrols this number of people, with one reference each, by the gallery's own methods."""
    random = np.random.default_rng(seed)
    people = [_template(random) for _ in range(references)]
    consent = one_day("demo")
    with Matcher.open(MatcherSettings(folder=folder), recogniser=_NoRecogniser(), operating_point=POINT) as matcher:
        with progress.step("enrolling", total=references) as advance:
            for number, template in enumerate(people):
                sample = FaceSample(template=template, quality=_QUALITY, crop=b"no picture")
                matcher.gallery.admit(
                    name=f"Person {number}", consent=consent, samples=[sample], actor="cli:benchmark", refused={}
                )
                advance(1)
        chosen = [people[at] if at % 2 == 0 else _template(random) for at in range(min(probes, references))]
        yield World(
            matcher=matcher,
            probes=[Probe(template=template, quality=_QUALITY) for template in chosen],
        )


def loaded_shard(matcher: Matcher) -> LocalShard:
    """A second shard with the same templates: nobody else is given the matcher's own."""
    shard, key = LocalShard(DEFAULT_FUSION, model_digest=DIGEST), matcher.master_key.exported()
    end = matcher.gallery.size + 1
    for _ in shard.load(TemplateSource(folder=matcher.database.folder, master_key=key, revision=0, end=end)):
        pass
    return shard


def fill(world: World, entries: int, progress: Progress) -> None:
    """Fills the log to this length with pairs of request and outcome, as of searches without a candidate. It uses the
    log's own encoding and tree, but writes thousands of entries in each transaction.
    """
    log = world.matcher.log
    scope = world.matcher.gallery.scope(QUERY, system_clock())
    request = _request(scope, world.probes[0], QUERY)
    left = entries - log.size()
    with progress.step(f"filling the log to {entries:,}", total=max(left, 0)) as advance:
        while left > 0:
            pairs = (min(left, _BULK) + 1) // 2
            with log.writing() as connection:
                for _ in range(pairs):
                    asked = log.append(connection, EntryKind.REQUEST, request)
                    log.append(connection, EntryKind.OUTCOME, _nobody(asked, asked.time, scope))
            left -= 2 * pairs
            advance(2 * pairs)


def _request(scope: Scope, probe: Probe, query: Query) -> Body:
    return request_body(
        "identify",
        query,
        started_at=system_clock(),
        scope=scope,
        operating_point=POINT,
        commitment=Evidence.of(probe).commitment,
        quality=probe.quality.score,
        against=None,
    )


def _nobody(asked: AuditEntry, moment: datetime, scope: Scope) -> Body:
    body = outcome_body(asked.index, started_at=asked.time, ended_at=moment, candidates=())
    return body | {"searched": scope.size}


def _template(random: np.random.Generator) -> Template:
    vector = random.normal(size=128)
    return Template(
        model_digest=DIGEST,
        vectors={
            "sface": (vector / np.linalg.norm(vector)).astype(np.float32),
            "dlib": (random.normal(size=128) * 0.1).astype(np.float32),
        },
    )
