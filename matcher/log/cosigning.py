"""Has a log's checkpoints cosigned by its witnesses, and keeps what they have cosigned for publication."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event, Lock, Thread

import httpx
from sqlalchemy import delete, insert, select, update

from matcher.clock import Clock
from matcher.log.log import AuditLog
from matcher.log.stored_publication import StoredPublication
from matcher.metrics import MatcherMetrics
from matcher.store import tables
from matcher.store.database import Database
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import CosigningError
from matcher.tlog.policy import KnownWitness, Policy
from matcher.tlog.tree import TiledTree
from matcher.tlog.witness_client import SECONDS, WitnessClient

_LOG = logging.getLogger(__name__)
_TABLE = tables.published_checkpoint
_TIMEOUT_SECONDS = 60.0
"""Seconds for which all witnesses are asked for one checkpoint that some of them have cosigned; then for the newest."""


@dataclass(frozen=True, kw_only=True)
class Cosigned:
    """How a witness does. size, cosigned_at: what it last cosigned since the start, and when. error: for people."""

    witness: KnownWitness
    size: int | None = None
    cosigned_at: datetime | None = None
    error: str | None = None


@dataclass(kw_only=True)
class _Round:
    """One checkpoint that all witnesses are asked for. lines: by witness, its cosignature."""

    note: str
    size: int
    began: float
    lines: dict[str, str] = field(default_factory=dict)


class Cosigning:
    """Between `start` and `close` a thread for each witness, which asks it whenever the log has grown."""

    def __init__(
        self,
        database: Database,
        log: AuditLog,
        policy: Policy,
        *,
        every: float = 0.5,
        clock: Clock,
        metrics: MatcherMetrics | None = None,
    ) -> None:
        """every: seconds between two looks at the log; an entry's checkpoint is to be cosigned within a second."""
        self._database = database
        self._log = log
        self._policy = policy
        self._every = every
        self._clock = clock
        self._metrics = metrics
        self._end = Event()
        self._threads: list[Thread] = []
        self._lock = Lock()
        self._round: _Round | None = None
        self._states = {
            name: Cosigned(witness=witness) for name, witness in policy.witnesses.items() if witness.address is not None
        }

    def states(self) -> Sequence[Cosigned]:
        """How each witness that is asked does."""
        with self._lock:
            return list(self._states.values())

    def start(self) -> None:
        """From now on the log publishes what the policy's quorum has cosigned; without one, whatever it holds."""
        with self._database.writing() as connection:
            if self._policy.quorum is None:
                connection.execute(delete(_TABLE))
            elif connection.execute(select(_TABLE.c.id)).first() is None:
                connection.execute(insert(_TABLE).values(id=1, checkpoint=None))
        self._threads = [
            Thread(target=self._run, args=(state.witness,), name=f"witness-{name}", daemon=True)
            for name, state in self._states.items()
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ends the threads, and waits for answers that are under way. Safe to call twice."""
        self._end.set()
        until = time.monotonic() + SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self, witness: KnownWitness) -> None:
        """The thread of one witness."""
        with httpx.Client() as http:
            client = WitnessClient(witness, http)
            while not self._end.is_set():
                try:
                    asked = self._asked(witness.name)
                    if asked is not None:
                        tree = TiledTree(asked.size, StoredPublication(self._database).read)
                        self._take(asked, witness, client.cosign(asked.note, asked.size, tree.consistency))
                except CosigningError as error:
                    self._failed(witness.name, str(error))
                except Exception as error:  # noqa: BLE001 - the top of a supervised thread
                    self._failed(witness.name, f"The witness {witness.name} was not asked: {type(error).__name__}.")
                self._end.wait(self._every)

    def _asked(self, name: str) -> _Round | None:
        """The checkpoint that this witness is to cosign now; None if there is nothing it has not."""
        with self._lock:
            now, current = time.monotonic(), self._round
            if current is None or self._is_over(current, now):
                note = self._log.checkpoint()
                size = Checkpoint.of_own(note).size
                if size and (current is None or size != current.size):
                    current = self._round = _Round(note=note, size=size, began=now)
            return None if current is None or name in current.lines else current

    def _is_over(self, current: _Round, now: float) -> bool:
        """Whether the newest checkpoint may take its place: nobody cosigned it, enough did, or it took too long."""
        enough = self._policy.satisfied(current.lines)
        return not current.lines or enough or now - current.began > _TIMEOUT_SECONDS

    def _take(self, asked: _Round, witness: KnownWitness, line: str) -> None:
        """One more cosignature, and the checkpoint's publication if that is enough."""
        with self._lock:
            self._states[witness.name] = Cosigned(witness=witness, size=asked.size, cosigned_at=self._clock())
            asked.lines[witness.name] = line
            if asked is not self._round or not self._policy.satisfied(asked.lines):
                return
            if self._policy.quorum is not None:
                with self._database.writing() as connection:
                    connection.execute(update(_TABLE).values(checkpoint=asked.note + "".join(asked.lines.values())))
            if self._metrics is not None:
                self._metrics.log_cosigned.set(asked.size)

    def _failed(self, name: str, error: str) -> None:
        _LOG.warning("%s", error)
        with self._lock:
            self._states[name] = replace(self._states[name], error=error)
        if self._metrics is not None:
            self._metrics.witness_failures.labels(name).inc()
