"""The audit log. Reading it is logged too."""

import base64
import threading
from dataclasses import asdict
from typing import Annotated, Any, ClassVar, cast

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from api.access.account import Principal
from api.http.guard import Bucket, Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission, PermissionDeniedError
from api.service import Service
from matcher.audit.receipt import Receipt
from matcher.audit.report import LogReport
from matcher.audit.verification import verify_log
from matcher.errors import ClearglassError
from matcher.log.cosigning import Cosigned
from matcher.log.entry import AuditEntry, EntryKind
from matcher.log.stored_publication import StoredPublication
from matcher.search.replay import Agreement, Replay

router = APIRouter(prefix="/log", tags=["log"], route_class=GuardedRoute)

Index = Annotated[int, Path(ge=0, lt=2**53)]


class EntryOut(BaseModel):
    """An entry. body: in the form of the newest version. leaf: the hashed bytes as they were written (canonical JSON),
    in base64."""

    index: int
    version: int = Field(description="Of the leaf.")
    time: AwareDatetime
    kind: EntryKind
    body: dict[str, Any]
    leaf: str

    @classmethod
    def of(cls, entry: AuditEntry) -> "EntryOut":
        """From an `AuditEntry`."""
        return cls(
            index=entry.index,
            version=entry.version,
            time=entry.time,
            kind=entry.kind,
            body=dict(entry.body),
            leaf=base64.b64encode(entry.data).decode(),
        )


class EntriesOut(BaseModel):
    """A page of the log. next: the value of `start` (or, newest first, of `before`) for the next page, or null."""

    entries: list[EntryOut]
    size: int
    next: int | None


class ProblemOut(BaseModel):
    """A problem in the log."""

    index: int | None = Field(description="The entry's; null for the log as a whole.")
    code: str
    what: str = Field(description="What is wrong, for people.")


class VerificationReportOut(BaseModel):
    """The result of a check of the whole log: it is sound if there is no problem."""

    verified: bool
    entries: int
    root: str = Field(description="Hex Merkle root (RFC 6962).")
    checkpoint: str = Field(description="The signed note that was checked.")
    verifier_key: str = Field(description="The verifier key, with which anyone can check the signature.")
    problems: list[ProblemOut]

    @classmethod
    def of(cls, report: LogReport, verifier_key: str) -> "VerificationReportOut":
        """From a `LogReport`."""
        return cls(
            verified=report.verified,
            entries=report.entries,
            root=report.root.hex(),
            checkpoint=report.checkpoint,
            verifier_key=verifier_key,
            problems=[
                ProblemOut(index=problem.index, code=problem.code, what=problem.message) for problem in report.problems
            ],
        )


class RepeatedCandidateOut(BaseModel):
    """A candidate by dlib's own implementation, from the stored pictures."""

    subject_id: str
    logged: float = Field(description="The Euclidean distance of dlib's vectors in the log.")
    dlib: float | None = Field(description="The same by dlib; null where it found no face.")
    mated: bool | None = Field(description="True if the decision is the same with it.")


class ReplayOut(BaseModel):
    """The comparison of a repeated decision with the log."""

    request_index: int
    outcome_index: int
    verdict: Agreement
    findings: list[str] = Field(description="The differences, or why it cannot be repeated.")
    proof: list[int] = Field(description="The log's entries that show why it cannot.")
    retold: list[RepeatedCandidateOut]

    @classmethod
    def of(cls, replay: Replay) -> "ReplayOut":
        """From a `Replay`."""
        return cls.model_validate(asdict(replay))


class WitnessOut(BaseModel):
    """A witness of the log. size, cosigned_at: null before its first cosignature since the start."""

    name: str
    verifier_key: str = Field(description="The verifier key, with which anyone can check its cosignatures.")
    size: int | None = Field(description="Entries it last cosigned.")
    cosigned_at: AwareDatetime | None
    error: str | None = Field(description="Why it did not cosign, for people; null without a fault.")

    @classmethod
    def of(cls, state: Cosigned) -> "WitnessOut":
        """From a `Cosigned`."""
        return cls(
            name=state.witness.name,
            verifier_key=str(state.witness.verifier),
            size=state.size,
            cosigned_at=state.cosigned_at,
            error=state.error,
        )


class LogCheckRunningError(ClearglassError):
    """The first check of the log since the start is running, so there is no report yet."""

    code: ClassVar[str] = "log_check_running"

    def __init__(self) -> None:
        self.retry_after = 5
        super().__init__(
            "The log is being checked already, and that is not done yet.",
            remedy=f"Wait {self.retry_after} seconds, then ask for the report again.",
        )


class LogVerifier:
    """Checks the whole log, once for each size. Thread-safe. One check runs at a time, and no request waits for
    another's: meanwhile it gets the earlier report, which contains the number of entries that it covers.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._known: tuple[int, LogReport] | None = None

    def report(self) -> LogReport:
        """The report on the log as it is now, or the last one while a check runs. Raises: LogCheckRunningError."""
        if not self._lock.acquire(blocking=False):
            known = self._known
            if known is None:
                raise LogCheckRunningError
            return known[1]
        try:
            return self._checked()
        finally:
            self._lock.release()

    def _checked(self) -> LogReport:
        log = self._service.matcher.log
        size = log.size()
        if self._known is None or self._known[0] != size:
            self._known = (size, verify_log(self._service.matcher.database, *log.verifier_keys))
        return self._known[1]


@router.get("/entries", operation_id="list_entries", summary="Read the log", openapi_extra=asks(Permission.LOG_READ))
def list_entries(
    caller: Caller,
    service: ServiceDep,
    start: Annotated[int, Query(ge=0, lt=2**53, description="Index of the first entry.")] = 0,
    before: Annotated[int | None, Query(ge=0, lt=2**53, description="Newest first: entries below this.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    kind: Annotated[list[EntryKind] | None, Query(description="Only these kinds.")] = None,
    newest: Annotated[bool, Query(description="Newest first.")] = False,
) -> EntriesOut:
    """A page of entries. The read is logged before anything is read."""
    read = {"newest": newest, "start": start, "before": before, "limit": limit, "kinds": [str(k) for k in kind or ()]}
    note_reading(service, caller, read)
    log = service.matcher.log
    size = log.size()
    if newest:
        skipped = 0 if before is None else max(0, size - before)
        entries = log.entries(skipped, limit, kinds=kind, newest_first=True)
    else:
        entries = log.entries(start, limit, kinds=kind)
    more = len(entries) == limit
    after = (entries[-1].index if newest else entries[-1].index + 1) if more else None
    return EntriesOut(entries=[EntryOut.of(entry) for entry in entries], size=size, next=after)


@router.get("/entries/{index}", operation_id="get_entry", summary="One entry", openapi_extra=asks(Permission.LOG_READ))
def get_entry(index: Index, caller: Caller, service: ServiceDep) -> EntryOut:
    """One entry. The read is logged before it is read."""
    note_reading(service, caller, {"index": index})
    return EntryOut.of(service.matcher.log.entry(index))


@router.get(
    "/entries/{index}/receipt",
    operation_id="get_receipt",
    summary="The receipt of an entry",
    openapi_extra=asks(Permission.LOG_VERIFY),
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "A C2SP tlog-proof@v1 with the entry in it."}},
)
def get_receipt(index: Index, caller: Caller, service: ServiceDep) -> Response:
    """Proves offline and permanently that the entry is in the log. For accounts that may read the log; every account
    may get the receipts of its own actions. The read is logged before it is read."""
    note_reading(service, caller, {"receipt": index})
    log = service.matcher.log
    if not caller.may(Permission.LOG_READ) and log.actor(index) != caller.actor:
        raise PermissionDeniedError(caller.role, Permission.LOG_READ)
    publication = StoredPublication(service.matcher.database)
    receipt = Receipt.issue(publication, index)
    return Response(receipt.text, media_type="text/plain")


@router.get(
    "/entries/{index}/replay",
    operation_id="replay_decision",
    summary="Repeat a search's decision",
    openapi_extra=asks(Permission.LOG_READ, bucket=Bucket.SEARCHES),
)
def replay_decision(index: Index, caller: Caller, service: ServiceDep) -> ReplayOut:
    """From the sealed probe, with the model, the threshold and the gallery of that time; and by dlib's own
    implementation from the stored pictures. It is logged before anything is unsealed."""
    return ReplayOut.of(service.matcher.replayer.replay(index, actor=caller.actor, role=caller.role.value))


@router.get(
    "/witnesses",
    operation_id="list_witnesses",
    summary="The log's witnesses",
    openapi_extra=asks(Permission.LOG_VERIFY),
)
def list_witnesses(service: ServiceDep) -> list[WitnessOut]:
    """Each witness of the service, with its last cosignature since the service started."""
    return [WitnessOut.of(state) for state in service.matcher.cosigning.states()]


@router.get(
    "/verification",
    operation_id="verify_log",
    summary="Check the whole log",
    openapi_extra=asks(Permission.LOG_VERIFY, bucket=Bucket.SEARCHES),
)
def verification(service: ServiceDep, request: Request) -> VerificationReportOut:
    """Re-hashes every entry and checks the root, the signature, the order of times and the pairing of searches.

    While one check runs, other requests get the earlier report; `entries` is the number that it covers."""
    return VerificationReportOut.of(
        cast(LogVerifier, request.app.state.log_verifier).report(), service.matcher.log.verifier_key
    )


def note_reading(service: Service, caller: Principal, read: dict[str, Any]) -> None:
    """Logs a read and its actor, before the read."""
    service.matcher.log.record(EntryKind.LOG_READ, {"actor": caller.actor, "role": caller.role.value, "read": read})
