"""Who may talk to whom: what the shop needs, and nothing else."""

import ipaddress
from dataclasses import dataclass

import pytest
from tests.k8s.manifests import SERVICES, matches


@dataclass(frozen=True)
class Outside:
    """Something that is no pod of the shop: an address, or a pod of another namespace."""

    address: str = ""
    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()


DNS = Outside(namespace="kube-system", labels=(("k8s-app", "kube-dns"),))
PROMETHEUS = Outside(namespace="monitoring", labels=(("app", "prometheus"),))
LOAD_BALANCER = Outside("10.20.33.7")  # in a public subnet
REDIS = Outside("10.20.129.7")  # in a private one
ATLAS = Outside("3.120.1.2")
ELSEWHERE = Outside("10.20.100.9")  # another pod of the VPC


def allowed(cluster, source, target, port, protocol="TCP"):
    """Say whether the policies of both ends let a connection through."""
    ends = (("egress", "to", source, target), ("ingress", "from", target, source))
    return all(
        isinstance(here, Outside)
        or _open(cluster, way, peers, pods_labels(cluster, here), there, port, protocol)
        for way, peers, here, there in ends
    )


def pods_labels(cluster, name):
    return cluster.pods_of(name).labels


def _open(cluster, way, peers, labels, other, port, protocol):
    policies = [
        each["spec"]
        for each in cluster.all("NetworkPolicy")
        if matches(each["spec"]["podSelector"], labels)
        and way.capitalize() in each["spec"]["policyTypes"]
    ]
    assert policies, "a pod that no policy covers may do everything"
    rules = [rule for policy in policies for rule in policy.get(way, [])]
    return any(
        any(_is(cluster, peer, other) for peer in rule[peers])
        and any(_port(each, port, protocol) for each in rule["ports"])
        for rule in rules
    )


def _port(told, port, protocol):
    last = told.get("endPort", told["port"])
    return told["protocol"] == protocol and told["port"] <= port <= last


def _is(cluster, peer, other):
    if "ipBlock" in peer:
        return isinstance(other, Outside) and bool(other.address) and _in(peer["ipBlock"], other)
    space = peer.get("namespaceSelector")
    if isinstance(other, str):
        return space is None and matches(peer["podSelector"], pods_labels(cluster, other))
    named = {"kubernetes.io/metadata.name": other.namespace}
    return (
        space is not None
        and matches(space, named)
        and matches(peer.get("podSelector", {}), dict(other.labels))
    )


def _in(block, other):
    address = ipaddress.ip_address(other.address)
    excluded = [ipaddress.ip_network(each) for each in block.get("except", [])]
    return address in ipaddress.ip_network(block["cidr"]) and not any(
        address in each for each in excluded
    )


AGENTS = ("consul-server", "consul-client")

NEEDED = [
    *[("order", peer, 8080) for peer in SERVICES],  # itself too: `reconcile`
    *[(service, "consul-client", 8500) for service in SERVICES],
    *[("consul-client", service, 8080) for service in SERVICES],
    *[(one, other, 8301) for one in AGENTS for other in AGENTS],
    *[(agent, "consul-server", 8300) for agent in AGENTS],
    ("consul-init", "consul-server", 8500),
    *[(PROMETHEUS, service, 8080) for service in SERVICES],
]
NEEDED_LOCALLY = [
    *[(who, "mongo", 27017) for who in (*SERVICES, "mongo", "mongo-init")],
    *[(service, "redis", 6379) for service in SERVICES],
]
NEEDED_ON_EKS = [
    *[(LOAD_BALANCER, service, 8080) for service in SERVICES],
    *[(service, ATLAS, port) for service in SERVICES for port in (27015, 27017)],
    *[(service, REDIS, 6379) for service in SERVICES],
]

REFUSED = [
    ("customer", "order", 8080),
    ("customer", "product", 8080),
    ("product", "customer", 8080),
    ("order", "consul-server", 8500),
    ("order", "consul-server", 8300),
    ("consul-client", "consul-server", 8500),
    ("consul-init", "customer", 8080),
    (ELSEWHERE, "customer", 8080),
    (ELSEWHERE, "consul-client", 8500),
    (PROMETHEUS, "consul-client", 8500),
    ("order", Outside("198.51.100.7"), 443),
    ("order", Outside("169.254.169.254"), 80),
]
REFUSED_LOCALLY = [
    ("redis", "mongo", 27017),
    ("consul-client", "mongo", 27017),
    ("mongo", "order", 8080),
]
REFUSED_ON_EKS = [
    ("order", ELSEWHERE, 27017),
    ("order", LOAD_BALANCER, 6379),
    ("order", ATLAS, 443),
]


@pytest.mark.parametrize(("source", "target", "port"), NEEDED, ids=str)
def test_what_is_needed_is_let_through(cluster, source, target, port):
    assert allowed(cluster, source, target, port)


@pytest.mark.parametrize(("source", "target", "port"), NEEDED_LOCALLY, ids=str)
def test_what_is_needed_of_the_databases_in_the_cluster_is_let_through(local, source, target, port):
    assert allowed(local, source, target, port)


@pytest.mark.parametrize(("source", "target", "port"), NEEDED_ON_EKS, ids=str)
def test_what_is_needed_of_aws_and_atlas_is_let_through(eks, source, target, port):
    assert allowed(eks, source, target, port)


@pytest.mark.parametrize(("source", "target", "port"), REFUSED, ids=str)
def test_what_nobody_needs_is_refused(cluster, source, target, port):
    assert not allowed(cluster, source, target, port)


@pytest.mark.parametrize(("source", "target", "port"), REFUSED_LOCALLY, ids=str)
def test_nobody_else_reaches_the_databases_in_the_cluster(local, source, target, port):
    assert not allowed(local, source, target, port)


@pytest.mark.parametrize(("source", "target", "port"), REFUSED_ON_EKS, ids=str)
def test_nothing_else_is_reached_outside(eks, source, target, port):
    assert not allowed(eks, source, target, port)


def test_gossip_goes_by_udp_too(cluster):
    assert allowed(cluster, "consul-client", "consul-server", 8301, "UDP")
    assert not allowed(cluster, "order", "consul-client", 8301, "UDP")


def test_every_pod_may_ask_for_names(cluster):
    for pods in cluster.pods():
        assert allowed(cluster, pods.name, DNS, 53, "UDP")
        assert allowed(cluster, pods.name, DNS, 53, "TCP")


def test_every_pod_is_covered_both_ways_and_nothing_is_open_to_all(cluster):
    default = cluster.one("NetworkPolicy", "default-deny")["spec"]
    assert default == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in cluster.all("NetworkPolicy"):
        spec = policy["spec"]
        assert {way.capitalize() for way in ("ingress", "egress") if way in spec} <= set(
            spec["policyTypes"]
        )
        for rule in [*spec.get("ingress", []), *spec.get("egress", [])]:
            assert rule["ports"]
            assert rule.get("from") or rule.get("to")


def test_every_policy_selects_somebody(cluster):
    labels = [pods.labels for pods in cluster.pods()]
    for policy in cluster.all("NetworkPolicy"):
        selector = policy["spec"]["podSelector"]
        assert any(matches(selector, each) for each in labels), policy["metadata"]["name"]
