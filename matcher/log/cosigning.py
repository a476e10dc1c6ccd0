"""Asks the witnesses of a log to cosign its checkpoints, and keeps cosigned checkpoints for publication."""

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
_ROUND_SECONDS = 60.0
"""The longest time of a round: a checkpoint that some witnesses have cosigned is replaced by the newest after it."""


@dataclass(frozen=True, kw_only=True)
class Cosigned:
    """The state of a witness. size, cosigned_at: the size and time of the last checkpoint that it cosigned since the
    start. error: its last error, as a sentence; None if there was none since its last cosignature."""

    witness: KnownWitness
    size: int | None = None
    cosigned_at: datetime | None = None
    error: str | None = None


@dataclass(kw_only=True)
class _Round:
    """One checkpoint that all witnesses are asked to cosign. lines: the cosignatures, by witness."""

    note: str
    size: int
    began: float
    lines: dict[str, str] = field(default_factory=dict)


class Cosigning:
    """Runs a thread for each witness between `start` and `close`, which asks the witness whenever the log has grown."""

    def __init__(
        self,
        database: Database,
        log: AuditLog,
        policy: Policy,
        *,
        poll_seconds: float = 0.5,
        clock: Clock,
        metrics: MatcherMetrics | None = None,
    ) -> None:
        """poll_seconds: the time between two reads of the log. An entry's checkpoint should be cosigned within 1 s."""
        self._database = database
        self._log = log
        self._policy = policy
        self._poll_seconds = poll_seconds
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
        """The state of each witness that has an address."""
        with self._lock:
            return list(self._states.values())

    def start(self) -> None:
        """Starts the threads. From now on the log publishes only checkpoints that the policy's quorum has cosigned, or
        every checkpoint if the policy has no quorum."""
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
        """Ends the threads; requests in progress have SECONDS to be answered. Safe to call twice."""
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
                self._end.wait(self._poll_seconds)

    def _asked(self, name: str) -> _Round | None:
        """The checkpoint that this witness should cosign now; None if it has cosigned the current one."""
        with self._lock:
            now, current = time.monotonic(), self._round
            if current is None or self._is_over(current, now):
                note = self._log.checkpoint()
                size = Checkpoint.of_own(note).size
                if size and (current is None or size != current.size):
                    current = self._round = _Round(note=note, size=size, began=now)
            return None if current is None or name in current.lines else current

    def _is_over(self, current: _Round, now: float) -> bool:
        """Whether the newest checkpoint may replace it: no witness or the quorum cosigned it, or it took too long."""
        enough = self._policy.satisfied(current.lines)
        return not current.lines or enough or now - current.began > _ROUND_SECONDS

    def _take(self, asked: _Round, witness: KnownWitness, line: str) -> None:
        """Stores one more cosignature, and publishes the checkpoint if the quorum has now cosigned it."""
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
