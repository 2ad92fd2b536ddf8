"""The compose files, without an engine: what a container may do, and where the edge leads."""

import re
import subprocess
from pathlib import Path
from time import time
from typing import Any

import pytest
import yaml
from cryptography import x509

from shop.common import tls
from shop.common.config import TlsConfig

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose"
SERVICES = {
    name: service
    for file in ("docker-compose.yml", "observability.yml")
    for name, service in yaml.safe_load((COMPOSE / file).read_text())["services"].items()
}
ONCE = {"consul-init", "mongo-init"}
PUBLISHED = {"edge", "consul", "prometheus", "grafana"}

each_service = pytest.mark.parametrize("name", sorted(SERVICES))


@each_service
def test_a_container_may_do_no_more_than_it_needs(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & service.keys()
    assert {"cpus", "memory", "pids"} <= service["deploy"]["resources"]["limits"].keys()


@each_service
def test_a_container_that_ends_comes_back_unless_it_is_to_end(name):
    assert SERVICES[name]["restart"] == ("no" if name in ONCE else "unless-stopped")


@each_service
def test_only_what_people_look_at_is_published_and_to_this_machine(name):
    ports = SERVICES[name].get("ports", [])
    assert bool(ports) == (name in PUBLISHED)
    assert all(port.startswith("${PUBLISH_ON:-127.0.0.1}:") for port in ports)


@each_service
def test_no_variable_of_a_container_holds_a_secret(name):
    secret = re.compile("PASSWORD|TOKEN|_URI|_URL")
    for variable, value in SERVICES[name].get("environment", {}).items():
        if secret.search(variable):
            assert variable.endswith("_FILE")
            assert value.startswith("/run/secrets/")
            assert value.rpartition("/")[2] in SERVICES[name]["secrets"]


@each_service
def test_every_variable_of_ours_exists_in_the_code(name):
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    named = [each for each in SERVICES[name].get("environment", {}) if each.startswith("SHOP_")]
    assert [each for each in named if each.removesuffix("_FILE") not in source] == []


def _mounted(service: dict[str, Any]) -> list[str]:
    sources = [volume.partition(":")[0] for volume in service.get("volumes", [])]
    return [source for source in sources if source.startswith(".")]


@each_service
def test_every_file_that_is_mounted_is_there_and_cannot_be_written(name):
    assert [each for each in _mounted(SERVICES[name]) if not (COMPOSE / each).exists()] == []
    bound = [each for each in SERVICES[name].get("volumes", []) if each.startswith(".")]
    assert [each for each in bound if not each.endswith(":ro")] == []


def test_the_edge_leads_to_every_resource_of_the_three_specs():
    text = (COMPOSE / "haproxy" / "haproxy.cfg").read_text()
    routed = {
        service: set(resources.split())
        for service, resources in re.findall(
            r"use_backend (\w+) if { path,field\(4,/\) ([\w ]+) } { path_beg /api/v1/ }", text
        )
    }
    specs = sorted((ROOT / "src" / "shop").glob("*/swagger.yaml"))
    documents = {spec.parent.name: yaml.safe_load(spec.read_text("utf-8")) for spec in specs}
    assert {document["basePath"] for document in documents.values()} == {"/api/v1"}
    assert routed == {
        service: {path.split("/")[1] for path in document["paths"]}
        for service, document in documents.items()
    }


TLS = {
    name: service
    for file in ("tls.yml", "tls.observability.yml")
    for name, service in yaml.safe_load((COMPOSE / file).read_text())["services"].items()
}


def test_with_tls_each_has_a_certificate_of_its_own_and_knows_the_authority():
    callers = {"customer", "product", "order", "edge", "prometheus"}
    assert TLS.keys() == callers
    for name, service in TLS.items():
        own, authority = service["secrets"]
        assert (own, authority) == (
            {"source": f"tls-{name}.pem", "target": "tls.pem"},
            "tls-ca.pem",
        )


def test_with_tls_the_edge_and_prometheus_ask_each_service_for_its_name():
    edge = (COMPOSE / "haproxy" / "haproxy.cfg").read_text()
    scraped = yaml.safe_load((COMPOSE / "prometheus" / "prometheus.tls.yml").read_text())
    jobs = {job["job_name"]: job for job in scraped["scrape_configs"]}
    for name in ("customer", "product", "order"):
        asked = f"verify required verifyhost {name} sni str({name}) check-sni {name}"
        lines = edge.partition(f"backend {name}\n")[2].splitlines()[:4]
        assert lines[0] == ".if defined(EDGE_TLS)"
        assert asked in lines[1]
        assert lines[2] == ".endif"
        assert f"_{name}._tcp.service.consul" in lines[3]
        assert jobs[name]["tls_config"]["server_name"] == name
        assert jobs[name]["dns_sd_configs"][0]["names"] == [name]


def test_the_script_makes_the_certificates_that_are_asked_for(tmp_path):
    script = [str(COMPOSE / "tls.sh"), str(tmp_path)]
    subprocess.run(script, check=True)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert before.keys() == {f"tls-{name}.pem" for name in (*TLS, "ca", "ca-key")}
    subprocess.run(script, check=True)
    kept = {name for name, content in before.items() if (tmp_path / name).read_bytes() == content}
    assert kept == {"tls-ca.pem", "tls-ca-key.pem"}
    for name in ("customer", "product", "order"):
        own, ca = str(tmp_path / f"tls-{name}.pem"), str(tmp_path / "tls-ca.pem")
        certificates = tls.load(TlsConfig(own, "", ca))  # which tries a handshake
        assert certificates is not None
        (alternative,) = (
            x509.load_pem_x509_certificate(Path(own).read_bytes())
            .extensions.get_extension_for_class(x509.SubjectAlternativeName)
            .value
        )
        assert alternative.value == name
        days = (certificates.expire_s["own"] - time()) / 86400
        assert 89 < days < 91
    assert not (tmp_path / "tls-ca-key.pem").stat().st_mode & 0o077


def test_each_service_may_announce_itself_and_nothing_else():
    for service in ("customer", "product", "order"):
        rules = (ROOT / "consul" / "policies" / f"{service}.hcl").read_text()
        written = re.findall(r'(\w+) "([\w-]*)" \{\s*policy = "write"', rules)
        assert written == [("service", service)]
