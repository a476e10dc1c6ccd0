"""Every metric and label that an alert or a panel asks for is one that the service has: a typing error never alerts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

_WORDS = {
    "and",
    "or",
    "unless",
    "on",
    "ignoring",
    "by",
    "without",
    "bool",
    "offset",
    "group_left",
    "group_right",
    "inf",
}
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"\{([^}]*)\}")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
# Set by Prometheus itself: on each target, on each series, on each firing alert.
_OWN_METRICS = {"up", "ALERTS", "scrape_duration_seconds"}
_OWN_LABELS = {"job", "instance", "le", "alertname", "alertstate", "severity"}


def _without_strings(expression: str) -> str:
    return re.sub(r'"[^"]*"', '""', expression)


def metrics_in(expression: str) -> set[str]:
    """Names of the series that an expression selects: identifiers that are no function, keyword, label or duration."""
    bare = _SELECTOR.sub(" ", _GROUPING.sub(" ", _without_strings(expression)))
    bare = re.sub(r"\[[^]]*\]", " ", bare)
    names = re.findall(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])", bare)
    return {name for name in names if name.lower() not in _WORDS}


def labels_in(expression: str) -> set[str]:
    bare = _without_strings(expression)
    grouped = {label.strip() for _, labels in _GROUPING.findall(bare) for label in labels.split(",") if label.strip()}
    return grouped | {label for inside in _SELECTOR.findall(bare) for label in _MATCHER.findall(inside)}


@pytest.mark.parametrize(
    ("expression", "metrics", "labels"),
    [
        ("up{job='x'} == 0", {"up"}, {"job"}),
        (
            'histogram_quantile(0.95, sum by (camera, le) (rate(a_b_bucket{c=~"d|e"}[5m])))',
            {"a_b_bucket"},
            {"camera", "le", "c"},
        ),
        ("increase(a[10m]) + on (x) b > 10 and camera:c:p95 < 1e-3", {"a", "b", "camera:c:p95"}, {"x"}),
        ("rate(a[$__rate_interval]) / clamp_min(b offset 5m, 1)", {"a", "b"}, set()),
    ],
)
def test_reading_expressions(expression: str, metrics: set[str], labels: set[str]) -> None:
    found = metrics_in(expression)
    assert {name for name in found if not re.fullmatch(r"\d+\w", name)} == metrics
    assert labels_in(expression) == labels


@pytest.fixture(scope="module")
def known() -> dict[str, set[str]]:
    """Every series of the service with the names of its labels."""
    from api.access.login_metrics import LoginMetrics
    from api.connection_metrics import ConnectionMetrics
    from ingest.supervision.metrics import IngestMetrics
    from matcher.metrics import MatcherMetrics

    registry = CollectorRegistry()
    for metrics in (ConnectionMetrics, IngestMetrics, LoginMetrics, MatcherMetrics):
        metrics(registry)
    series: dict[str, set[str]] = {}
    for collector, names in list(registry._collector_to_names.items()):
        labels = set(getattr(collector, "_labelnames", ()))
        for name in names:
            series[name] = labels
    return series


def _alert_expressions(deploy: Path) -> Iterator[tuple[str, str]]:
    text = (deploy / "prometheus/rules.yml").read_text()
    for name, block in re.findall(
        r"- (?:alert|record): (\S+)\n(.*?)(?=\n +- (?:alert|record|name):|\Z)", text, flags=re.S
    ):
        folded = re.search(r"expr: >-\n((?: {10,}.*\n?)+)", block)
        single = re.search(r"expr: (?!>-)(.*)", block)
        found = folded or single
        assert found, f"{name}: no expression found"
        yield name, " ".join(found.group(1).split())


def _panel_expressions(deploy: Path) -> Iterator[tuple[str, str]]:
    dashboard: dict[str, Any] = json.loads((deploy / "grafana/dashboards/clearglass.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        query = re.fullmatch(r"label_values\((.*), *(\w+)\)", variable["query"]["query"])
        assert query, variable["name"]
        yield f"${variable['name']}", f"sum by ({query.group(2)}) ({query.group(1)})"


def _recorded(deploy: Path) -> dict[str, set[str]]:
    return {name: {"camera"} for name, _ in _alert_expressions(deploy) if ":" in name}


@pytest.mark.parametrize("source", [_alert_expressions, _panel_expressions], ids=["rules", "dashboard"])
def test_what_is_asked_for_exists(source: Any, deploy: Path, known: dict[str, set[str]]) -> None:
    series = known | _recorded(deploy)
    expressions = list(source(deploy))
    assert len(expressions) > 10
    for name, expression in expressions:
        metrics = metrics_in(expression)
        assert metrics, (name, expression)
        assert not metrics - set(series) - _OWN_METRICS, (name, expression)
        labels = set().union(*(series.get(metric, set()) for metric in metrics)) | _OWN_LABELS
        assert not labels_in(expression) - labels, (name, expression)


def test_no_metric_names_a_person(known: dict[str, set[str]]) -> None:
    every = set().union(*known.values())
    assert not every & {"name", "subject", "person", "actor", "account", "user", "case", "case_reference"}


def test_what_the_service_tells_is_looked_at(deploy: Path, known: dict[str, set[str]]) -> None:
    """A metric on no panel and in no alert is one that nobody would miss."""
    asked = {
        metric
        for source in (_alert_expressions, _panel_expressions)
        for _, expression in source(deploy)
        for metric in metrics_in(expression)
    }
    families = {re.sub(r"_(total|bucket|sum|count|created)$", "", name) for name in known}
    seen = {re.sub(r"_(total|bucket|sum|count|created)$", "", name) for name in asked}
    assert not {family for family in families if family.startswith("clearglass_")} - seen
