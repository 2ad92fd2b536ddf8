"""The image: what is in it, and what is not."""

import sys

import pytest

_BASE = "python:3.13-slim"
_C = ["python", "-c"]
_MOST_MB = 100  # on top of the base; signatures and traces are a third of it


def _run(engine, image, *command, entrypoint=None) -> str:
    """Return what a container prints that may do nothing; fail if it fails."""
    return engine.containers.run(
        image,
        list(command),
        entrypoint=entrypoint,
        remove=True,
        read_only=True,
        cap_drop=["ALL"],
        network_mode="none",
        stderr=True,
    ).decode()


@pytest.mark.parametrize("service", ["customer", "product", "order"])
def test_it_holds_each_service(engine, image, service):
    assert f"usage: python -m shop.{service}" in _run(engine, image, f"shop.{service}", "--help")


def test_it_says_what_it_is(image):
    prefix = "org.opencontainers.image."
    labels = {k.removeprefix(prefix): v for k, v in image.labels.items() if k.startswith(prefix)}
    assert labels.items() >= {"title": "shop", "version": "1.2.3", "revision": "abc"}.items()
    assert labels["base.name"].endswith(_BASE)


def test_the_service_is_the_first_process_and_not_root(image):
    config = image.attrs["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["python", "-m"]
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "-m", "shop.probe"]


@pytest.mark.parametrize("tool", ["pip", "pip3", "gcc", "make", "git", "curl", "wget"])
def test_no_tool_is_left_that_builds_or_fetches(engine, image, tool):
    found = _run(engine, image, f"command -v {tool} || echo none", entrypoint=["sh", "-c"])
    assert found.strip() == "none"


@pytest.mark.parametrize("module", ["pip", "ensurepip._bundled", "shop.local", "pytest"])
def test_no_module_is_there_that_a_service_does_not_need(engine, image, module):
    find = f"from importlib.util import find_spec as f; print(f({module!r}))"
    found = _run(engine, image, f"try:\n {find}\nexcept ImportError: print(None)", entrypoint=_C)
    assert found.strip() == "None"


def test_its_files_belong_to_root_and_nobody_else_may_write_them(engine, image):
    look = "find /opt/shop ! -type l \\( ! -user root -o -perm /022 \\) | head"
    assert _run(engine, image, look, entrypoint=["sh", "-c"]) == ""


def test_what_the_docs_page_shows_is_there(engine, image):
    look = "from shop.common.web import docs as d\n" + (
        "print([name for name in d._SHOWN if not (d._ASSETS / name).exists()])"
    )
    assert _run(engine, image, look, entrypoint=_C).strip() == "[]"


def test_it_is_small_beside_its_base(engine, image, capsys):
    added = (image.attrs["Size"] - engine.images.get(_BASE).attrs["Size"]) / 1e6
    with capsys.disabled():
        sys.stdout.write(
            f"\nimage: {image.attrs['Size'] / 1e6:.0f} MB, {added:.0f} MB on top of {_BASE}\n"
        )
    assert added < _MOST_MB


def test_a_second_build_makes_nothing_new(engine, image):
    from tests.docker.stack import ROOT

    labels = {"VERSION": "1.2.3", "REVISION": "abc"}
    again, _ = engine.images.build(path=str(ROOT), tag=image.tags[0], buildargs=labels, rm=True)
    assert again.id == image.id
