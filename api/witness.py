"""A witness's HTTP server (C2SP tlog-witness): one call, for logs it knows."""

from collections.abc import Iterable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.http.allowed_hosts import AllowedHosts
from api.http.upload import CappedRequest
from matcher.tlog.errors import WitnessError
from matcher.tlog.witness import Refusal, Witness

_MOST_BYTES = 64 << 10
"""The most bytes of a request: a proof of 63 hashes and a checkpoint with a hundred signatures are less."""


def create_witness_app(witness: Witness, *, hosts: Iterable[str]) -> Starlette:
    """The app for one witness, which it does not close. hosts: the names under which it answers; see AllowedHosts."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            body = await CappedRequest(request.scope, request.receive, max_body=_MOST_BYTES).body()
            text = body.decode(errors="replace")
            return PlainTextResponse(await run_in_threadpool(witness.add_checkpoint, text))
        except WitnessError as error:
            return PlainTextResponse(f"{error.message}\n", HTTPStatus.SERVICE_UNAVAILABLE)
        except Refusal as refusal:
            if refusal.status != HTTPStatus.CONFLICT:
                return PlainTextResponse(refusal.body, refusal.status)
            # Exactly this type, without parameters.
            return Response(refusal.body, refusal.status, headers={"Content-Type": "text/x.tlog.size"})

    return Starlette(
        routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])],
        middleware=[Middleware(AllowedHosts, names=hosts)],
    )
