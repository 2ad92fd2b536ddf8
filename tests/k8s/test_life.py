"""A rolling update loses no request: the times of cluster, service and load balancer agree."""

import pytest
from tests.k8s.manifests import SERVICES

from shop.common.config import HttpConfig
from shop.common.peer import Registration
from shop.common.peer.registrar import RegistrarOptions

each_service = pytest.mark.parametrize("service", SERVICES)


def settings(cluster, service):
    (container,) = cluster.pods_of(service).containers
    return cluster.one("ConfigMap", container["envFrom"][0]["configMapRef"]["name"])["data"]


def pre_stop_s(cluster, service):
    (container,) = cluster.pods_of(service).containers
    return container["lifecycle"]["preStop"]["sleep"]["seconds"]


@each_service
def test_no_old_pod_goes_before_a_new_one_is_there(cluster, service):
    deployment = cluster.one("Deployment", service)["spec"]
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@each_service
def test_consul_knows_a_new_pod_as_passing_before_an_old_one_goes(cluster, service):
    check = Registration(service, "x", "10.0.0.7", 8080)
    passing_s = check.check_interval_s + check.check_timeout_s
    assert cluster.one("Deployment", service)["spec"]["minReadySeconds"] > passing_s


@each_service
def test_a_pod_is_given_the_time_that_its_end_takes(cluster, service):
    told = settings(cluster, service)
    end_s = (
        pre_stop_s(cluster, service)
        + RegistrarOptions().deregister_timeout_s
        + float(told["SHOP_LINGER_S"])
        + float(told["SHOP_DRAIN_TIMEOUT_S"])
    )
    grace_s = cluster.pods_of(service).spec["terminationGracePeriodSeconds"]
    assert end_s + 5 <= grace_s <= 60


@each_service
def test_what_is_in_flight_at_the_end_may_take_as_long_as_any_request(cluster, service):
    told = settings(cluster, service)
    request_s = float(told.get("SHOP_REQUEST_TIMEOUT_S", HttpConfig.request_timeout_s))
    assert float(told["SHOP_DRAIN_TIMEOUT_S"]) > request_s


@each_service
def test_callers_have_time_to_hear_of_a_stop(cluster, service):
    assert float(settings(cluster, service)["SHOP_LINGER_S"]) >= HttpConfig.linger_s
    assert pre_stop_s(cluster, service) >= 10  # the load balancer, and every node's kube-proxy


def test_the_load_balancer_waits_for_answers_as_long_as_they_may_take(eks):
    ingress = eks.one("Ingress", "shop")["metadata"]["annotations"]
    prefix = "alb.ingress.kubernetes.io/"
    groups = dict(
        each.split("=") for each in ingress[f"{prefix}target-group-attributes"].split(",")
    )
    balancer = dict(
        each.split("=") for each in ingress[f"{prefix}load-balancer-attributes"].split(",")
    )
    assert float(groups["deregistration_delay.timeout_seconds"]) > HttpConfig.request_timeout_s
    assert float(balancer["idle_timeout.timeout_seconds"]) > HttpConfig.request_timeout_s
    assert ingress[f"{prefix}healthcheck-path"] == "/health/ready"
    assert ingress[f"{prefix}target-type"] == "ip"


def test_a_new_pod_waits_for_the_load_balancer(eks):
    labels = eks.one("Namespace", "shop")["metadata"]["labels"]
    assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"


def test_the_agents_of_consul_go_one_by_one_and_take_their_node_along(cluster):
    agents = cluster.pods_of("consul-client")
    update = agents.workload["spec"]["updateStrategy"]["rollingUpdate"]
    assert update == {"maxUnavailable": 1}
    config = next(each for each in cluster.all("ConfigMap") if "client.hcl" in each["data"])["data"]
    assert "leave_on_terminate = true" in config["client.hcl"]
    assert "leave_on_terminate = false" in config["server.hcl"]
