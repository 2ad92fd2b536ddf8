"""What only AWS knows: resources of add-ons, the cluster file, and that the two agree."""

import ipaddress
import json
import re

import jsonschema
import yaml
from tests.k8s.manifests import ROOT
from tests.k8s.test_valid import VERSIONS

OVERLAY = ROOT / "k8s" / "overlays" / "eks"
CLUSTER = yaml.safe_load((OVERLAY / "cluster.yaml").read_text("utf-8"))


def record(**properties):
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


TEXT = {"type": "string", "minLength": 1}
REMOTE = record(key={"type": "string", "pattern": "^shop/[a-z]+$"}, property=TEXT)
TARGET = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": TEXT,
        "template": record(data={"type": "object", "additionalProperties": TEXT}),
    },
}
# That part of external-secrets.io/v1 which is in use, as its documentation has it.
SCHEMAS = {
    "SecretStore": record(
        provider=record(
            aws=record(
                service={"const": "SecretsManager"},
                region=TEXT,
                auth=record(jwt=record(serviceAccountRef=record(name=TEXT))),
            )
        )
    ),
    "ExternalSecret": record(
        refreshInterval={"type": "string", "pattern": "^[0-9]+m$"},
        secretStoreRef=record(kind={"const": "SecretStore"}, name=TEXT),
        target=TARGET,
        data={
            "type": "array",
            "minItems": 1,
            "items": record(secretKey=TEXT, remoteRef=REMOTE),
        },
    ),
}


def test_external_secrets_are_as_their_operator_wants_them(eks):
    found = eks.all(*SCHEMAS)
    assert len(found) == 7
    for each in found:
        assert each["apiVersion"] == "external-secrets.io/v1"
        jsonschema.validate(each["spec"], SCHEMAS[each["kind"]])


def test_external_secrets_come_from_a_store_whose_account_is_there(eks):
    (store,) = eks.all("SecretStore")
    for each in eks.all("ExternalSecret"):
        assert each["spec"]["secretStoreRef"]["name"] == store["metadata"]["name"]
    account = store["spec"]["provider"]["aws"]["auth"]["jwt"]["serviceAccountRef"]["name"]
    assert account in eks.names("ServiceAccount")


def test_templates_use_what_is_fetched_and_nothing_else(eks):
    templated = [each for each in eks.all("ExternalSecret") if "template" in each["spec"]["target"]]
    assert len(templated) == 2
    for each in templated:
        text = json.dumps(each["spec"]["target"]["template"]["data"])
        fetched = {entry["secretKey"] for entry in each["spec"]["data"]}
        assert {name for name in fetched if f"{{{{ .{name} }}}}" in text} == fetched
        assert text.count("{{") == len(fetched)


def test_the_role_that_reads_secrets_is_that_of_the_cluster_file(eks):
    account = eks.one("ServiceAccount", "secrets-reader")
    (made,) = [each for each in CLUSTER["iam"]["serviceAccounts"] if each.get("roleOnly")]
    assert made["metadata"] == {"name": "secrets-reader", "namespace": "shop"}
    role = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    account_number, region = image_of(eks)
    assert role == f"arn:aws:iam::{account_number}:role/{made['roleName']}"
    (statement,) = made["attachPolicy"]["Statement"]
    wanted = f"arn:aws:secretsmanager:{region}:{account_number}:secret:shop/*"
    assert statement["Resource"] == wanted


def image_of(eks):
    """Return the account and the region that the image is in."""
    (container,) = eks.pods_of("order").containers
    host = container["image"].partition("/")[0]
    return re.fullmatch(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com", host).groups()


def test_no_service_of_the_shop_has_rights_in_aws(eks):
    with_role = [
        each["metadata"]["name"]
        for each in eks.all("ServiceAccount")
        if "eks.amazonaws.com/role-arn" in each["metadata"].get("annotations", {})
    ]
    assert with_role == ["secrets-reader"]


def test_the_version_of_the_cluster_is_one_that_the_manifests_are_checked_for():
    assert CLUSTER["metadata"]["version"] in VERSIONS


def test_region_and_account_are_the_same_everywhere(eks):
    text = "\n".join(path.read_text("utf-8") for path in OVERLAY.glob("*.yaml"))
    number, region = image_of(eks)
    without_uuids = re.sub(r"[0-9a-f]{8}-[0-9a-f-]+", "", text)
    assert set(re.findall(r"\b\d{12}\b", without_uuids)) == {number}
    assert set(re.findall(r"\b[a-z]{2}-[a-z]+-\d\b", text)) == {region}
    assert {zone[:-1] for zone in CLUSTER["availabilityZones"]} == {region}


def networks(policy):
    rules = [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]
    peers = [peer for rule in rules for peer in rule.get("from") or rule.get("to")]
    return [ipaddress.ip_network(peer["ipBlock"]["cidr"]) for peer in peers]


def test_policies_name_the_subnets_that_eksctl_makes(eks):
    """Of the VPC's /16 it cuts eight /19: the first for public subnets, the next for private."""
    cut = list(ipaddress.ip_network(CLUSTER["vpc"]["cidr"]).subnets(new_prefix=19))
    zones = len(CLUSTER["availabilityZones"])
    public, private = cut[:zones], cut[zones : 2 * zones]
    balancer = eks.one("NetworkPolicy", "from-load-balancer")
    assert set(networks(balancer)) == set(ipaddress.collapse_addresses(public))
    inside = [each for each in networks(eks.one("NetworkPolicy", "data")) if each.prefixlen]
    assert set(inside) == set(ipaddress.collapse_addresses(private))


def test_network_policies_are_switched_on_in_the_cluster():
    (cni,) = [addon for addon in CLUSTER["addons"] if addon["name"] == "vpc-cni"]
    assert json.loads(cni["configurationValues"]) == {"enableNetworkPolicy": "true"}


def test_volumes_are_of_a_class_that_is_there(eks):
    claims = [
        claim["spec"]["storageClassName"]
        for each in eks.all("StatefulSet")
        for claim in each["spec"]["volumeClaimTemplates"]
    ]
    assert set(claims) == eks.names("StorageClass")


def test_paths_lead_to_the_service_whose_contract_has_them(eks):
    (rule,) = eks.one("Ingress", "shop")["spec"]["rules"]
    assert len(rule["http"]["paths"]) == 4
    for path in rule["http"]["paths"]:
        assert path["pathType"] == "Prefix"
        service = path["backend"]["service"]["name"]
        spec = yaml.safe_load((ROOT / "src" / "shop" / service / "swagger.yaml").read_text("utf-8"))
        served = {spec["basePath"] + each for each in spec["paths"]}
        assert any(each.startswith(path["path"]) for each in served)
        ports = eks.one("Service", service)["spec"]["ports"]
        assert path["backend"]["service"]["port"]["name"] in {port["name"] for port in ports}


def test_the_load_balancer_is_not_open_to_the_world(eks):
    annotations = eks.one("Ingress", "shop")["metadata"]["annotations"]
    networks_ = annotations["alb.ingress.kubernetes.io/inbound-cidrs"].split(",")
    assert all(ipaddress.ip_network(each).prefixlen >= 16 for each in networks_)
    assert CLUSTER["vpc"]["publicAccessCIDRs"] == networks_


def test_no_database_and_no_secret_is_made_in_the_cluster(eks):
    assert eks.names("StatefulSet") == {"consul-server"}
    assert eks.all("Secret") == []
