"""The Grafana dashboard: Prometheus understands every expression, and the panels lie side by side."""

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def panels(deploy: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((deploy / "grafana/dashboards/clearglass.json").read_text())["panels"]
    return found


def _expressions(panels: list[dict[str, Any]]) -> list[str]:
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def _checked(promtool: Path, folder: Path, expressions: list[str]) -> subprocess.CompletedProcess[str]:
    """promtool's verdict on the expressions, as rules: with the values that Grafana puts in for its variables."""
    plain = [one.replace("$__rate_interval", "1m").replace("$camera", ".*") for one in expressions]
    rules = [{"record": f"panel:number{number}", "expr": one} for number, one in enumerate(plain)]
    file = folder / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))  # JSON is YAML
    return subprocess.run(
        [str(promtool), "check", "rules", str(file)], capture_output=True, text=True, check=False, timeout=60
    )


def test_prometheus_understands_every_expression(promtool: Path, panels: list[dict[str, Any]], tmp_path: Path) -> None:
    expressions = _expressions(panels)
    judged = _checked(promtool, tmp_path, expressions)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert f"{len(expressions)} rules found" in judged.stdout
    assert _checked(promtool, tmp_path, [*expressions, "sum by (rate(x[5m])"]).returncode != 0


def test_panels_lie_side_by_side(panels: list[dict[str, Any]]) -> None:
    places = [panel["gridPos"] for panel in panels]
    for place in places:
        assert place["x"] + place["w"] <= 24
    for one, other in itertools.combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
    identifiers = [panel["id"] for panel in panels]
    assert len(set(identifiers)) == len(identifiers)


def test_every_panel_says_what_it_shows(panels: list[dict[str, Any]]) -> None:
    titles = [panel["title"] for panel in panels]
    assert len(set(titles)) == len(titles)
    for panel in panels:
        if panel["type"] != "row":
            assert panel["description"], panel["title"]
            assert panel["targets"], panel["title"]
            references = [target["refId"] for target in panel["targets"]]
            assert len(set(references)) == len(references), panel["title"]
