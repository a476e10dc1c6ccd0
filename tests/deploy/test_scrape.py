"""The real Prometheus, with the real configuration and rules, scrapes the real service."""

import http
import http.client
import json
import os
import re
import socket
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def _get(url: str) -> bytes:
    """Raises OSError too where the answer is an error."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise OSError(f"{url}: {answer.status}")
    return body


@pytest.fixture(scope="module")
def scraping(
    deploy: Path, prometheus: Path, serve: Any, running: Any, wait_for: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a Prometheus with the shipped configuration, pointed at the service and in more of a hurry."""
    folder = tmp_path_factory.mktemp("scrape")
    with serve(folder) as served:
        config = (deploy / "prometheus/prometheus.yml").read_text()
        assert "clearglass:8600" in config
        config = config.replace("clearglass:8600", served.address.removeprefix("http://"))
        (folder / "prometheus.yml").write_text(re.sub(r"(_interval): \d+s", r"\1: 1s", config))
        (folder / "rules.yml").write_text((deploy / "prometheus/rules.yml").read_text())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            str(prometheus),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/series",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        output = folder / "prometheus.txt"
        with running(command, output, dict(os.environ)) as process:
            address = f"http://127.0.0.1:{port}"

            def scraped() -> bool:
                assert process.poll() is None, output.read_text()
                return _value(address, "up") == 1

            wait_for("a scrape", scraped)
            yield address


def _value(prometheus: str, expression: str) -> float | None:
    """The value of the first series that the expression gives."""
    url = f"{prometheus}/api/v1/query?query={urllib.parse.quote(expression)}"
    result = json.loads(_get(url))["data"]["result"]
    return float(result[0]["value"][1]) if result else None


def test_prometheus_scrapes_the_service(scraping: str) -> None:
    (target,) = json.loads(_get(f"{scraping}/api/v1/targets"))["data"]["activeTargets"]
    assert target["health"] == "up"
    assert target["lastError"] == ""
    assert target["labels"]["job"] == "clearglass"


def test_what_it_scraped_is_true(scraping: str) -> None:
    entries = _value(scraping, "clearglass_log_entries")
    assert entries is not None
    assert entries >= 1, "the start is in the log"
    assert _value(scraping, "clearglass_log_failures_total") == 0
    assert _value(scraping, 'clearglass_identifications_total{outcome="failed"}') == 0
    assert _value(scraping, "clearglass_index_references") == 0
    free = _value(scraping, "clearglass_data_free_bytes")
    assert free is not None
    assert free > 0


def test_every_rule_is_evaluated_and_none_fires(scraping: str, wait_for: Any) -> None:
    def rules() -> list[dict[str, Any]] | None:
        groups = json.loads(_get(f"{scraping}/api/v1/rules"))["data"]["groups"]
        every = [rule for group in groups for rule in group["rules"]]
        return every if every and all(rule["health"] != "unknown" for rule in every) else None

    evaluated = wait_for("the rules", rules)
    assert len(evaluated) >= 10
    for rule in evaluated:
        assert rule["health"] == "ok", rule
        if rule["type"] == "alerting" and rule["name"] != "DiskFilling":  # the test machine's own business
            assert rule["state"] != "firing", rule
