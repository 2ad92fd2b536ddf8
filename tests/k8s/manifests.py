"""What kustomize makes of k8s/overlays, and how to find one's way in it."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
KUBECTL = Path(sys.executable).parent / "kubectl"
OVERLAYS = ("local", "eks")
SERVICES = ("customer", "product", "order")
WITH_PODS = ("Deployment", "StatefulSet", "DaemonSet", "Job")

Object = dict[str, Any]


class DuplicateKey(Exception):
    """A YAML mapping has a key twice; most readers take the last one and say nothing."""


class StrictLoader(yaml.SafeLoader):
    """Refuses duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise DuplicateKey(f"{sorted(twice)} {node.start_mark}")
        return super().construct_mapping(node, deep)


def load_all(text: str) -> list[Object]:
    """Return the documents in a YAML text; raise DuplicateKey."""
    return [each for each in yaml.load_all(text, StrictLoader) if each]


def kustomized(folder: Path) -> list[Object]:
    """Return what kustomize makes of a folder."""
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # warnings of what is deprecated
    return load_all(done.stdout)


@dataclass(frozen=True)
class Pods:
    """The pods that a workload makes."""

    kind: str
    name: str
    labels: dict[str, str]
    spec: Object
    workload: Object

    @property
    def long_lived(self) -> bool:
        return self.kind != "Job"

    @property
    def containers(self) -> list[Object]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    def volumes(self, kind: str) -> Iterator[Object]:
        """Give the volumes of a kind, also those inside of projected ones."""
        for volume in self.spec.get("volumes", []):
            if kind in volume:
                yield volume[kind]
            for source in volume.get("projected", {}).get("sources", []):
                if kind in source:
                    yield source[kind]

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Cluster:
    """All objects of an overlay."""

    overlay: str
    objects: list[Object]

    def all(self, *kinds: str) -> list[Object]:
        return [each for each in self.objects if each["kind"] in kinds]

    def names(self, kind: str) -> set[str]:
        return {each["metadata"]["name"] for each in self.all(kind)}

    def one(self, kind: str, name: str) -> Object:
        (found,) = [each for each in self.all(kind) if each["metadata"]["name"] == name]
        return found

    def pods(self) -> list[Pods]:
        return [_pods(each) for each in self.all(*WITH_PODS)]

    def pods_of(self, name: str) -> Pods:
        (found,) = [each for each in self.pods() if each.name == name]
        return found

    def containers(self) -> Iterator[tuple[str, Object]]:
        """Give each container, and what it is called in a message."""
        for pods in self.pods():
            for container in pods.containers:
                yield f"{pods} {container['name']}", container

    def secret_keys(self) -> dict[str, set[str]]:
        """Return the keys of each Secret, also of those that an ExternalSecret makes."""
        keys = {
            each["metadata"]["name"]: set(each.get("data", {})) | set(each.get("stringData", {}))
            for each in self.all("Secret")
        }
        for each in self.all("ExternalSecret"):
            target, plain = each["spec"]["target"], each["spec"]["data"]
            templated = target.get("template", {}).get("data")
            keys[target["name"]] = set(templated or {entry["secretKey"] for entry in plain})
        return keys

    def config_keys(self) -> dict[str, set[str]]:
        return {each["metadata"]["name"]: set(each["data"]) for each in self.all("ConfigMap")}


def _pods(workload: Object) -> Pods:
    template = workload["spec"]["template"]
    return Pods(
        workload["kind"],
        workload["metadata"]["name"],
        template["metadata"]["labels"],
        template["spec"],
        workload,
    )


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Say whether a label selector picks something with these labels."""
    wanted = selector.get("matchLabels", {})
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions)  # no others are in use
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )


def bytes_of(quantity: str) -> int:
    """Return an amount of memory in bytes."""
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    return int(quantity[:-2]) * units[quantity[-2:]]


def millicores_of(quantity: str | int) -> int:
    """Return an amount of CPU in thousandths of a core."""
    text = str(quantity)
    return int(text[:-1]) if text.endswith("m") else int(float(text) * 1000)
