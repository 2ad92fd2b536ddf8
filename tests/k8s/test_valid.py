"""Each overlay is what Kubernetes takes: strictly, in two versions."""

import re

import pytest
import yaml
from tests.k8s.manifests import ROOT, DuplicateKey, load_all

VERSIONS = ("1.35", "1.36")  # that of overlays/eks/cluster.yaml, and the next

# Resources of the cluster's add-ons, which Kubernetes itself has no schema of: test_eks.py has.
OTHERS = {"external-secrets.io/v1": {"SecretStore", "ExternalSecret"}}

SOURCES = sorted(
    path
    for path in [*(ROOT / "k8s").rglob("*.yaml"), *(ROOT / "consul").rglob("*.yaml")]
    if "secrets" not in path.parent.parts
)


def of_kubernetes(each):
    return each["kind"] not in OTHERS.get(each["apiVersion"], ())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(cluster, validate, version):
    checked = [each for each in cluster.objects if of_kubernetes(each)]
    assert len(checked) > 40
    for each in checked:
        validate(each, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_field_that_does_not_exist_is_noticed(local, validate, version):
    deployment = local.one("Deployment", "order")
    wrong = {**deployment, "spec": {**deployment["spec"], "replica": 2}}
    with pytest.raises(Exception, match="replica"):
        validate(wrong, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_api_version_that_was_removed_is_noticed(local, validate, version):
    budget = local.one("PodDisruptionBudget", "order")
    with pytest.raises(Exception) as caught:  # noqa: PT011 (the class is an optional package's)
        validate({**budget, "apiVersion": "policy/v1beta1"}, version)
    assert type(caught.value).__name__ == "SchemaNotFoundError"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_has_a_key_twice(path):
    assert load_all(path.read_text("utf-8"))


def test_a_key_that_is_there_twice_is_noticed():
    with pytest.raises(DuplicateKey):
        load_all("a: {b: 1}\nc: {b: 1, b: 2}\n")


def test_no_two_objects_have_the_same_kind_and_name(cluster):
    names = [(each["kind"], each["metadata"]["name"]) for each in cluster.objects]
    assert len(names) == len(set(names))


def test_all_that_can_be_is_in_the_namespace_of_the_shop(cluster):
    everywhere = {"Namespace", "StorageClass", "PriorityClass"}
    inside = [each for each in cluster.objects if each["kind"] not in everywhere]
    assert {each["metadata"].get("namespace") for each in inside} == {"shop"}


def test_names_are_names(cluster):
    name = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
    named = [each["metadata"]["name"] for each in cluster.objects]
    assert [each for each in named if not name.fullmatch(each)] == []


def test_no_secret_is_in_the_sources():
    kinds = {each["kind"] for path in SOURCES for each in yaml.safe_load_all(path.read_text())}
    assert "Deployment" in kinds
    assert "Secret" not in kinds
