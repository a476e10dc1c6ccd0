"""Has a log's checkpoints cosigned by its witnesses, and keeps what they have cosigned for publication."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event, Thread

import httpx
from sqlalchemy import delete, insert, select, update

from matcher.audit.checkpoint import Checkpoint
from matcher.audit.errors import CosigningError
from matcher.audit.log import AuditLog
from matcher.audit.note import note_text
from matcher.audit.policy import KnownWitness, Policy
from matcher.audit.publication import StoredPublication
from matcher.audit.tree import TiledTree
from matcher.audit.witness_client import WitnessClient
from matcher.clock import Clock
from matcher.errors import ClearglassError
from matcher.metrics import MatcherMetrics
from matcher.store import tables
from matcher.store.database import Database

_LOG = logging.getLogger(__name__)
_TABLE = tables.published_checkpoint
_SECONDS = 10.0
"""A witness may take so long to answer."""


@dataclass(frozen=True, kw_only=True)
class Cosigned:
    """How a witness does. size, cosigned_at: what it last cosigned since the start, and when. error: for people."""

    witness: KnownWitness
    size: int | None = None
    cosigned_at: datetime | None = None
    error: str | None = None


class Cosigning:
    """A thread between `start` and `close`, which asks the witnesses whenever the log has grown."""

    def __init__(
        self,
        database: Database,
        log: AuditLog,
        policy: Policy,
        *,
        every: float,
        clock: Clock,
        metrics: MatcherMetrics | None = None,
    ) -> None:
        """every: seconds between two looks at the log."""
        self._database = database
        self._log = log
        self._policy = policy
        self._every = every
        self._clock = clock
        self._metrics = metrics
        self._end = Event()
        self._thread: Thread | None = None
        self._states = {
            name: Cosigned(witness=witness) for name, witness in policy.witnesses.items() if witness.address is not None
        }

        self._size = 0
        self._lines: dict[str, str] = {}
        """Of the checkpoint of that size: by witness, its cosignature."""

    def states(self) -> Sequence[Cosigned]:
        """How each witness that is asked does."""
        return list(self._states.values())

    def start(self) -> None:
        """From now on the log publishes what the policy's quorum has cosigned; without one, whatever it holds."""
        with self._database.writing() as connection:
            if self._policy.quorum is None:
                connection.execute(delete(_TABLE))
            elif connection.execute(select(_TABLE.c.id)).first() is None:
                connection.execute(insert(_TABLE).values(id=1, checkpoint=None))
        if self._states:
            self._thread = Thread(target=self._run, name="cosigning", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends the thread, and waits for an answer that is under way. Safe to call twice."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(3 * _SECONDS)

    def _run(self) -> None:
        with httpx.Client(timeout=_SECONDS) as client, ThreadPoolExecutor(len(self._states)) as threads:
            asked = [WitnessClient(state.witness, client) for state in self._states.values()]
            while not self._end.is_set():
                try:
                    self._round(asked, threads)
                except ClearglassError as error:
                    _LOG.warning("The log's checkpoint could not be cosigned: %s", error)
                self._end.wait(self._every)

    def _round(self, asked: Sequence[WitnessClient], threads: ThreadPoolExecutor) -> None:
        note = self._log.checkpoint()
        size = Checkpoint.parse(note_text(note)).size
        if size != self._size:
            self._size, self._lines = size, {}
        waiting = [client for client in asked if client.witness.name not in self._lines]
        if size == 0 or not waiting:
            return
        tree = TiledTree(size, StoredPublication(self._database).read)

        def ask(client: WitnessClient) -> None:
            name = client.witness.name
            try:
                self._lines[name] = client.cosign(note, size, tree.consistency)
            except CosigningError as error:
                self._failed(name, error)
            else:
                self._states[name] = Cosigned(witness=client.witness, size=size, cosigned_at=self._clock())

        list(threads.map(ask, waiting))
        if self._policy.satisfied(self._lines):
            self._publish(size, note + "".join(self._lines.values()))

    def _publish(self, size: int, note: str) -> None:
        if self._policy.quorum is not None:
            with self._database.writing() as connection:
                connection.execute(update(_TABLE).values(checkpoint=note))
        if self._metrics is not None:
            self._metrics.log_cosigned.set(size)

    def _failed(self, name: str, error: CosigningError) -> None:
        _LOG.warning("%s", error)
        self._states[name] = replace(self._states[name], error=str(error))
        if self._metrics is not None:
            self._metrics.witness_failures.labels(name).inc()
