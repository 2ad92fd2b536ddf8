"""What each container must have, in whichever workload: limits, probes, no rights."""

import re
import subprocess
import sys
from functools import cache

import pytest
from tests.k8s.manifests import ROOT, SERVICES, bytes_of, millicores_of

from shop.local.keys import new_pair

DOCKERFILE = ROOT / "Dockerfile"
PROBES = ("startup", "liveness", "readiness")
VALUES = {
    "SHOP_MONGO_URI_FILE": "mongodb://u:p@127.0.0.1:1/shop?replicaSet=rs0",
    "SHOP_REDIS_URL_FILE": "rediss://:p@127.0.0.1:1/0",
    "SHOP_AUTH_SERVICE_KEY_FILE": new_pair()[0],
    "SHOP_CONSUL_HTTP_TOKEN_FILE": "b7f0c7f5-0c3f-4c57-9d7e-0a1b2c3d4e5f",
}


def test_every_container_says_what_it_needs_and_may_use(cluster):
    for what, container in cluster.containers():
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        assert set(requests) == set(limits) == {"cpu", "memory"}, what
        assert bytes_of(requests["memory"]) <= bytes_of(limits["memory"]), what
        assert 0 < millicores_of(requests["cpu"]) <= millicores_of(limits["cpu"]), what


def test_every_container_that_stays_has_three_probes_each_with_one_way_to_ask(cluster):
    for pods in cluster.pods():
        for container in pods.containers:
            asked = {name: container.get(f"{name}Probe") for name in PROBES if pods.long_lived}
            for name, probe in asked.items():
                what = f"{pods} {container['name']}: {name}"
                assert probe, what
                assert len({"httpGet", "tcpSocket", "exec", "grpc"} & set(probe)) == 1, what
                assert probe.get("failureThreshold", 3) >= 2, what


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_asked_whether_it_lives_and_whether_it_is_ready(cluster, service):
    (container,) = cluster.pods_of(service).containers
    paths = [container[f"{name}Probe"]["httpGet"]["path"] for name in PROBES]
    assert paths == ["/health/live", "/health/live", "/health/ready"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_start_may_take_as_long_as_the_indexes_do(cluster, service):
    (container,) = cluster.pods_of(service).containers
    probe = container["startupProbe"]
    patience_s = probe["periodSeconds"] * probe["failureThreshold"]
    progress_s = cluster.pods_of(service).workload["spec"]["progressDeadlineSeconds"]
    assert 600 < patience_s < progress_s  # 600 s: shop.common.mongo


def test_every_pod_is_restricted(cluster):
    """The Pod Security Standards' profile; https://kubernetes.io/docs/concepts/security."""
    harmless = {"configMap", "emptyDir", "projected", "secret"}
    for pods in cluster.pods():
        context = pods.spec["securityContext"]
        assert context["runAsNonRoot"] is True, pods
        assert context["runAsUser"] > 0, pods
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, pods
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pods.spec), pods
        for volume in pods.spec.get("volumes", []):
            assert set(volume) - {"name"} <= harmless, pods


def test_every_container_is_restricted_and_cannot_write_to_its_image(cluster):
    wanted = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for what, container in cluster.containers():
        assert container["securityContext"] == wanted, what
        assert [port for port in container.get("ports", []) if "hostPort" in port] == [], what


def test_the_namespace_refuses_pods_that_are_not_restricted(cluster):
    labels = cluster.one("Namespace", "shop")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_pod_is_given_a_token_of_the_cluster(cluster):
    for pods in cluster.pods():
        account = cluster.one("ServiceAccount", pods.spec["serviceAccountName"])
        assert account["automountServiceAccountToken"] is False, pods
        assert pods.spec["automountServiceAccountToken"] is False, pods


def test_each_service_has_an_account_of_its_own_and_no_other_secrets(cluster):
    for service in SERVICES:
        pods = cluster.pods_of(service)
        assert pods.spec["serviceAccountName"] == service
        (secret,) = pods.volumes("secret")
        assert re.fullmatch(rf"{service}(-[a-z0-9]{{10}})?", secret["secretName"])


def test_no_variables_are_made_of_the_names_of_services(cluster):
    assert [str(each) for each in cluster.pods() if each.spec["enableServiceLinks"]] == []


def test_every_image_has_a_version(cluster):
    images = {container["image"] for _, container in cluster.containers()}
    assert [image for image in images if not re.search(r":(?!latest)[\w.-]+$", image)] == []


def test_the_services_are_one_image_and_differ_by_their_argument(cluster):
    containers = [cluster.pods_of(service).containers[0] for service in SERVICES]
    assert len({each["image"] for each in containers}) == 1
    assert [each["args"] for each in containers] == [[f"shop.{service}"] for service in SERVICES]
    assert [each for each in containers if "command" in each] == []  # the image's entry point


def test_the_pods_run_as_the_user_that_the_image_has(cluster):
    dockerfile = DOCKERFILE.read_text("utf-8")
    (user, group) = re.search(r"^USER (\d+):(\d+)$", dockerfile, re.MULTILINE).groups()
    for service in SERVICES:
        context = cluster.pods_of(service).spec["securityContext"]
        assert [context[name] for name in ("runAsUser", "runAsGroup")] == [int(user), int(group)]
        assert context["fsGroup"] == int(group)  # or it could not read its secrets


@cache
def variables(service):
    done = subprocess.run(
        [sys.executable, "-m", f"shop.{service}", "--help"], capture_output=True, text=True
    )
    return set(re.findall(r"^  (SHOP_[A-Z_]+) ", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_is_one_that_the_service_knows(cluster, service):
    known = variables(service)
    assert "SHOP_MONGO_URI" in known
    set_ = set(environment(cluster, service))
    assert {name.removesuffix("_FILE") for name in set_} <= known
    needed = {
        "SHOP_AUTH_ISSUERS",
        "SHOP_MONGO_URI_FILE",
        "SHOP_CONSUL_HTTP_ADDR",
        "SHOP_ADVERTISE_ADDRESS",
    }
    assert needed <= set_


def environment(cluster, service):
    """Return the variables of a service, as text; None where the cluster fills them in."""
    (container,) = cluster.pods_of(service).containers
    told = {}
    for source in container["envFrom"]:
        told |= cluster.one("ConfigMap", source["configMapRef"]["name"])["data"]
    return told | {each["name"]: each.get("value") for each in container["env"]}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_takes_what_it_is_told(eks, service, tmp_path):
    """With all variables as they are in the cluster: it says that it waits for MongoDB."""
    told = {name: value for name, value in environment(eks, service).items() if value}
    for name in VALUES.keys() & told.keys():
        file = tmp_path / name
        file.write_text(VALUES[name])
        told[name] = str(file)
    told |= {"SHOP_ADVERTISE_ADDRESS": "10.0.0.7", "SHOP_ZONE": "", "PATH": "/usr/bin"}
    command = [sys.executable, "-m", f"shop.{service}", "--port", "0"]
    with subprocess.Popen(command, env=told, stdout=-1, stderr=-2, text=True) as process:
        assert process.stdout
        waits = any("waiting for MongoDB" in line for line in process.stdout)
        process.terminate()
    assert waits
    assert process.returncode == 0
