"""What names something else names something that is there."""

import re

from tests.k8s.manifests import ROOT, SERVICES, matches


def test_every_workload_selects_its_own_pods_and_no_others(cluster):
    for pods in cluster.pods():
        if not pods.long_lived:
            continue
        selector = pods.workload["spec"]["selector"]
        assert [str(each) for each in cluster.pods() if matches(selector, each.labels)] == [
            str(pods)
        ]


def test_every_service_selects_one_workload_and_names_ports_that_it_has(cluster):
    for service in cluster.all("Service"):
        selector = {"matchLabels": service["spec"]["selector"]}
        (pods,) = [each for each in cluster.pods() if matches(selector, each.labels)]
        ports = {port["name"]: port for each in pods.containers for port in each.get("ports", [])}
        for port in service["spec"]["ports"]:
            target = ports[port["targetPort"]]
            assert target.get("protocol", "TCP") == port.get("protocol", "TCP")


def test_the_names_of_ports_are_unique_and_probes_ask_at_one_of_them(cluster):
    for what, container in cluster.containers():
        names = [port["name"] for port in container.get("ports", [])]
        assert len(names) == len(set(names)), what
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            for way in ("httpGet", "tcpSocket"):
                if way in container.get(probe, {}):
                    assert container[probe][way]["port"] in names, what


def test_services_listen_where_the_cluster_expects_them(cluster):
    for service in SERVICES:
        pods = cluster.pods_of(service)
        (container,) = pods.containers
        settings = cluster.one("ConfigMap", container["envFrom"][0]["configMapRef"]["name"])["data"]
        (port,) = container["ports"]
        assert settings["SHOP_HTTP_HOST"] == "0.0.0.0"
        assert int(settings["SHOP_HTTP_PORT"]) == port["containerPort"]
        annotations = pods.workload["spec"]["template"]["metadata"]["annotations"]
        assert int(annotations["prometheus.io/port"]) == port["containerPort"]


def test_the_address_of_consul_is_that_of_a_service_which_stays_on_the_node(cluster):
    (container,) = cluster.pods_of("order").containers
    settings = cluster.one("ConfigMap", container["envFrom"][0]["configMapRef"]["name"])["data"]
    assert settings["SHOP_CONSUL_HTTP_ADDR"] == "http://consul-client:8500"
    service = cluster.one("Service", "consul-client")["spec"]
    assert service["internalTrafficPolicy"] == "Local"
    assert [port["port"] for port in service["ports"]] == [8500]
    assert cluster.pods_of("consul-client").kind == "DaemonSet"


def test_services_tell_consul_the_address_of_their_pod(cluster):
    for service in SERVICES:
        (container,) = cluster.pods_of(service).containers
        (told,) = [each for each in container["env"] if each["name"] == "SHOP_ADVERTISE_ADDRESS"]
        assert told["valueFrom"] == {"fieldRef": {"fieldPath": "status.podIP"}}


def test_every_secret_and_every_key_of_it_is_defined(cluster):
    keys, seen = cluster.secret_keys(), 0
    for pods in cluster.pods():
        for secret in pods.volumes("secret"):
            name = secret.get("secretName") or secret["name"]
            assert name in keys, pods
            assert {item["key"] for item in secret.get("items", [])} <= keys[name], pods
            seen += 1
    assert seen >= 7


def test_every_file_of_a_secret_that_a_program_is_pointed_at_is_a_key_of_it(cluster):
    seen = 0
    for pods in cluster.pods():
        for container in pods.containers:
            said = [*container.get("args", []), *container.get("command", [])]
            said += [each.get("value") or "" for each in container.get("env", [])]
            words = " ".join(said).replace("=", " ").split()
            for folder, files in mounted(cluster, pods, container):
                named = {word.removeprefix(f"{folder}/") for word in words if folder in word}
                assert named <= files, pods
                seen += len(named)
    assert seen >= 15


def mounted(cluster, pods, container):
    """Give each folder that is a Secret or ConfigMap as a whole, and the files in it."""
    secrets, configs = cluster.secret_keys(), cluster.config_keys()
    volumes = {volume["name"]: volume for volume in pods.spec.get("volumes", [])}
    for mount in container["volumeMounts"]:
        volume = volumes.get(mount["name"], {})
        if "secret" in volume:
            yield mount["mountPath"], secrets[volume["secret"]["secretName"]]
        elif "configMap" in volume:
            yield mount["mountPath"], configs[volume["configMap"]["name"]]


def test_every_mounted_volume_exists_and_every_volume_is_mounted(cluster):
    for pods in cluster.pods():
        claims = pods.workload["spec"].get("volumeClaimTemplates", [])
        there = {each["name"] for each in pods.spec.get("volumes", [])}
        there |= {each["metadata"]["name"] for each in claims}
        mounts = [mount["name"] for each in pods.containers for mount in each["volumeMounts"]]
        assert set(mounts) == there, pods


def test_every_configmap_that_is_named_is_defined_and_each_is_named(cluster):
    named = {each["name"] for pods in cluster.pods() for each in pods.volumes("configMap")}
    for _, container in cluster.containers():
        named |= {each["configMapRef"]["name"] for each in container.get("envFrom", [])}
    assert named == set(cluster.config_keys())


def test_secrets_are_files_and_never_variables(cluster):
    for what, container in cluster.containers():
        sources = [each.get("valueFrom", {}) for each in container.get("env", [])]
        assert [each for each in sources if "secretKeyRef" in each] == [], what
        assert [each for each in container.get("envFrom", []) if "secretRef" in each] == [], what


def test_every_service_is_scaled_between_bounds_by_what_it_asks_for(cluster):
    assert cluster.names("HorizontalPodAutoscaler") == set(SERVICES)
    for scaler in cluster.all("HorizontalPodAutoscaler"):
        spec = scaler["spec"]
        target = cluster.one(spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"])
        assert spec["scaleTargetRef"]["apiVersion"] == target["apiVersion"]
        assert "replicas" not in target["spec"]  # "apply" would undo what was scaled
        assert 2 <= spec["minReplicas"] < spec["maxReplicas"]
        (metric,) = spec["metrics"]
        assert metric["resource"]["name"] in target_requests(cluster, target)


def target_requests(cluster, target):
    (container,) = cluster.pods_of(target["metadata"]["name"]).containers
    return container["resources"]["requests"]


def replicas(cluster, pods):
    if pods.name in cluster.names("HorizontalPodAutoscaler"):
        return cluster.one("HorizontalPodAutoscaler", pods.name)["spec"]["minReplicas"]
    return pods.workload["spec"]["replicas"]


def test_everything_with_more_than_one_pod_lets_go_of_one_at_a_time(cluster):
    budgets = {
        each["metadata"]["name"]: each["spec"] for each in cluster.all("PodDisruptionBudget")
    }
    several = [
        pods
        for pods in cluster.pods()
        if pods.kind in ("Deployment", "StatefulSet") and replicas(cluster, pods) > 1
    ]
    assert {pods.name for pods in several} == set(budgets)
    for pods in several:
        budget = budgets[pods.name]
        assert matches(budget["selector"], pods.labels)
        assert 0 < budget["maxUnavailable"] < replicas(cluster, pods)


def test_what_holds_a_majority_keeps_it_when_one_goes(cluster):
    for pods in cluster.pods():
        if pods.kind == "StatefulSet" and pods.name != "redis":
            assert pods.workload["spec"]["replicas"] == 3, pods
            service = cluster.one("Service", pods.workload["spec"]["serviceName"])
            assert service["spec"]["clusterIP"] == "None"
            assert service["spec"]["publishNotReadyAddresses"] is True


def test_pods_of_a_kind_are_spread(cluster):
    for pods in cluster.pods():
        if pods.kind in ("Deployment", "StatefulSet") and replicas(cluster, pods) > 1:
            constraints = pods.spec["topologySpreadConstraints"]
            assert "kubernetes.io/hostname" in {each["topologyKey"] for each in constraints}
            assert all(matches(each["labelSelector"], pods.labels) for each in constraints), pods


def test_every_priority_that_is_named_is_defined(cluster):
    named = {pods.spec.get("priorityClassName") for pods in cluster.pods()} - {None}
    assert named == cluster.names("PriorityClass")


def test_the_job_of_consul_finds_each_token_and_each_policy_that_it_reads(cluster):
    script = (ROOT / "k8s" / "consul" / "init.sh").read_text("utf-8")
    names = set(re.search(r"^for name in (.+); do$", script, re.MULTILINE)[1].split())
    volumes = {each["name"]: each for each in cluster.pods_of("consul-init").spec["volumes"]}
    tokens = cluster.secret_keys()[volumes["tokens"]["secret"]["secretName"]]
    assert tokens == names | {"management"}
    policies = cluster.config_keys()[volumes["policies"]["configMap"]["name"]]
    assert policies == {f"{name}.hcl" for name in names}
