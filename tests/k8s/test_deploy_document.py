"""docs/deploy.md and the manifests speak of the same things."""

import re
import subprocess

from tests.k8s.manifests import ROOT, WITH_PODS

from shop.common.config import HttpConfig

TEXT = (ROOT / "docs" / "deploy.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def test_every_command_can_be_read_by_a_shell():
    assert len(COMMANDS) > 15
    for block in COMMANDS:
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True)
        assert done.stderr == ""


def test_every_workload_that_is_named_exists(overlays):
    kinds = {kind.lower() for kind in WITH_PODS}
    there = {
        f"{pods.kind.lower()}/{pods.name}"
        for cluster in overlays.values()
        for pods in cluster.pods()
    }
    named = {
        f"{kind}/{name}"
        for kind, name in re.findall(r"\b([a-z]+)/([a-z-]+)\b", TEXT)
        if kind in kinds
    }
    assert len(named) >= 8
    assert named - there == set()


def test_every_external_secret_that_is_named_exists(eks):
    fetched = {name for line in re.findall(r"`fetch ([a-z -]+)`", TEXT) for name in line.split()}
    assert len(fetched) > 3
    assert fetched - eks.names("ExternalSecret") == set()


def test_every_secret_of_aws_that_is_fetched_is_made(eks):
    fetched = {
        (entry["remoteRef"]["key"], entry["remoteRef"]["property"])
        for each in eks.all("ExternalSecret")
        for entry in each["spec"]["data"]
    }
    made = set(re.findall(r'\$SECRETS/([a-z]+)\.json"', TEXT)) | {"customer", "product", "order"}
    assert {key.removeprefix("shop/") for key, _ in fetched} <= made
    assert all(re.search(rf'--arg {name} |"{name}"|{{{name}:', TEXT) for _, name in fetched)


def test_every_placeholder_is_put_in_place_by_the_document():
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "k8s/overlays/eks").glob("*.yaml"))
    for placeholder in ("111122223333", "shop.example.com", "203.0.113.0/24"):
        if placeholder in text:
            assert placeholder in TEXT.replace("\\.", ".")


def test_the_times_of_a_rolling_update_are_those_of_the_manifests(cluster):
    pods = cluster.pods_of("order")
    (container,) = pods.containers
    settings = cluster.one("ConfigMap", container["envFrom"][0]["configMapRef"]["name"])["data"]
    stop_s = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    accepts_s = stop_s + int(settings["SHOP_LINGER_S"])
    assert f"| {stop_s} s | SIGTERM" in TEXT
    assert f"| {accepts_s} s | `SHOP_LINGER_S` is over" in TEXT
    assert f"at most {settings['SHOP_DRAIN_TIMEOUT_S']} s; a request has" in TEXT
    assert f"a request has {HttpConfig.request_timeout_s:.0f} s" in TEXT
    assert f"would kill it after {pods.spec['terminationGracePeriodSeconds']} s" in TEXT
    assert f"| + {pods.workload['spec']['minReadySeconds']} s |" in TEXT
