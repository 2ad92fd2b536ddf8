"""The engine, the image as it is built here, and the compose stack, up."""

import gc
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give these tests the time that builds and whole stacks take."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """The Docker engine; without one all of these tests are skipped."""
    docker = pytest.importorskip("docker", reason="the extra `docker` is not installed")
    missing = None
    try:
        client = docker.from_env(timeout=300)
        client.ping()
    except docker.errors.DockerException as error:
        missing = str(error)
    if missing:
        with warnings.catch_warnings():  # where nobody answers, the SDK leaves its socket open
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        pytest.skip(f"no Docker engine: {missing}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine: Any) -> Iterator[Any]:
    """The image, built from this clone; gone afterwards, but for the layers that it shares."""
    tag = f"shop:test-{os.getpid()}"
    labels = {"VERSION": "1.2.3", "REVISION": "abc"}
    built, _ = engine.images.build(path=str(ROOT), tag=tag, buildargs=labels, rm=True)
    yield built
    engine.images.remove(tag, force=True)


@pytest.fixture(scope="session")
def stack(engine: Any, image: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The stack, up. What a test takes away it gives back."""
    from tests.docker.stack import prepared

    logs = ROOT / "build" / "docker" / "compose.log"
    with prepared(engine, image.tags[0], tmp_path_factory.mktemp("compose"), logs) as stack:
        stack.up()
        yield stack
