"""/metrics in Prometheus' text form. No label names a person."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from api.http.guard import GuardedRoute, asks, service_of
from api.permission import Permission


def metrics_router(*, public: bool) -> APIRouter:
    """The route, open to everybody or asking for the `metrics` permission."""
    router = APIRouter(tags=["health"], route_class=GuardedRoute)

    @router.get(
        "/metrics",
        operation_id="metrics",
        summary="Counters and latencies for Prometheus",
        openapi_extra=asks(Permission.PUBLIC if public else Permission.METRICS),
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}},
    )
    def metrics(request: Request) -> Response:
        """Everything the service counts."""
        return Response(generate_latest(service_of(request).registry), media_type=CONTENT_TYPE_LATEST)

    return router
