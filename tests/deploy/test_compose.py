"""The compose file: it parses, all it mounts is there, nothing listens beyond this machine, nothing runs loose."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.fixture(scope="module")
def compose(deploy: Path) -> dict[str, Any]:
    loaded = _load(deploy / "compose.yaml")
    assert isinstance(loaded, dict)
    return loaded


def _mounts(service: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(*mount.split(":"), "")[:3] for mount in service.get("volumes", [])]


def test_services(compose: dict[str, Any], deploy: Path) -> None:
    assert set(compose["services"]) == {"clearglass", "prometheus", "grafana"}
    build = compose["services"]["clearglass"]["build"]
    context = (deploy / build["context"]).resolve()
    assert context == deploy.parent
    assert (context / build["dockerfile"]).samefile(deploy / "Containerfile")
    assert set(build["args"]) <= set(re.findall(r"^ARG (\w+)", (deploy / "Containerfile").read_text(), flags=re.M))


def test_what_is_mounted_exists_and_is_read_only(compose: dict[str, Any], deploy: Path) -> None:
    for name, service in compose["services"].items():
        for source, target, mode in _mounts(service):
            if source.startswith("."):
                assert (deploy / source).exists(), (name, source)
                assert mode == "ro", (name, source)
            else:
                assert source in compose["volumes"], (name, source)
            assert target.startswith("/")


# Where the container listens and with what, the compose file says itself.
_OF_THE_UNIT = {"CLEARGLASS_HOST", "CLEARGLASS_TLS_CERTIFICATE", "CLEARGLASS_TLS_KEY"}


def test_every_setting_that_the_readme_tells_of_is_handed_on_and_only_two_have_a_value(
    compose: dict[str, Any], deploy: Path
) -> None:
    told = set(re.findall(r"\bCLEARGLASS_[A-Z_]+[A-Z]\b", (deploy / "README.md").read_text())) - _OF_THE_UNIT
    assert "CLEARGLASS_TRUSTED_PROXIES" in told
    environment = compose["services"]["clearglass"]["environment"]
    given = dict(line.split("=", 1) for line in environment if "=" in line)
    # A name alone is passed from the shell, and not at all where it is not set there: empty would be a value.
    assert {line.partition("=")[0] for line in environment} == told
    assert set(given) == {"CLEARGLASS_PLAIN_HTTP", "CLEARGLASS_ALLOWED_HOSTS"}


def test_plain_http_is_allowed_only_where_this_machine_alone_reaches_it_and_prometheus_by_its_name(
    compose: dict[str, Any], deploy: Path
) -> None:
    service = compose["services"]["clearglass"]
    given = dict(line.split("=", 1) for line in service["environment"] if "=" in line)
    assert given["CLEARGLASS_PLAIN_HTTP"] == "true"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    (job,) = _load(deploy / "prometheus/prometheus.yml")["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    assert target.split(":")[0] in given["CLEARGLASS_ALLOWED_HOSTS"].split(",")
    # Somebody who runs the image alone and publishes its port is asked first.
    assert "PLAIN_HTTP" not in (deploy / "Containerfile").read_text()


def test_names_used_are_declared(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert set(service.get("networks", [])) <= set(compose["networks"])
        assert set(service.get("depends_on", [])) <= set(compose["services"])


def test_everything_runs_confined(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name
        assert service.get("network_mode") != "host", name


def test_ports_are_published_on_this_machine_only(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), (name, port)


def test_images_are_pinned_and_no_password_has_a_default(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        if "build" not in service:
            assert re.fullmatch(r"\$\{[A-Z]+_IMAGE:-[\w/]+:v?\d+\.\d+\.\d+\}", service["image"])
    password = compose["services"]["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"]
    assert password.startswith("${GRAFANA_PASSWORD:?")


def test_prometheus_finds_the_service_and_its_rules(compose: dict[str, Any], deploy: Path) -> None:
    config = _load(deploy / "prometheus/prometheus.yml")
    (job,) = config["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    host, port = target.split(":")
    assert host in compose["services"]
    assert compose["services"][host]["ports"][0].endswith(f":{port}")
    assert set(compose["services"][host]["networks"]) & set(compose["services"]["prometheus"]["networks"])
    mounted = {target for _, target, _ in _mounts(compose["services"]["prometheus"])}
    assert {f"/etc/prometheus/{name}" for name in ("prometheus.yml", *config["rule_files"])} <= mounted


def test_grafana_is_provisioned(compose: dict[str, Any], deploy: Path) -> None:
    grafana = compose["services"]["grafana"]
    (source,) = _load(deploy / "grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    host, port = source["url"].removeprefix("http://").split(":")
    assert set(compose["services"][host]["networks"]) & set(grafana["networks"])
    assert any(published.endswith(f":{port}") for published in compose["services"][host]["ports"])
    (provider,) = _load(deploy / "grafana/provisioning/dashboards/clearglass.yaml")["providers"]
    folder = Path(provider["options"]["path"])
    (mounted,) = [source for source, target, _ in _mounts(grafana) if Path(target) == folder]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent == folder
    dashboard = json.loads((deploy / mounted / home.name).read_text())
    sources = {panel["datasource"]["uid"] for panel in dashboard["panels"] if panel["type"] != "row"}
    assert sources == {source["uid"]}


def test_container_and_health_check_speak_of_the_same_port(compose: dict[str, Any], deploy: Path) -> None:
    image = (deploy / "Containerfile").read_text()
    (port,) = re.findall(r"^EXPOSE (\d+)", image, flags=re.M)
    assert f"CLEARGLASS_PORT={port}" in image
    service = compose["services"]["clearglass"]
    check = " ".join(service["healthcheck"]["test"])
    assert f"http://127.0.0.1:{port}/api/v1/health" in check
    assert f"http://127.0.0.1:{port}/api/v1/health" in image
    assert service["ports"][0].endswith(f":{port}")
    data = re.findall(r"CLEARGLASS_FOLDER=(\S+)", image)
    assert data == [target for source, target, _ in _mounts(service) if source == "data"]
