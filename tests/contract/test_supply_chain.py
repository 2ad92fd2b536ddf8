"""What the shop is made of is pinned, wherever it comes from, and looked through."""

import configparser
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.contract.test_lock import ROOT, pins

CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "setup.cfg", "utf-8")
EXTRAS = CONFIG["options.extras_require"]
PINNED = pins((ROOT / "requirements" / "constraints.txt").read_text("utf-8"))


@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_each_package_that_is_asked_for_is_pinned_in_a_version_that_is_taken(extra: str | None):
    asked = EXTRAS[extra] if extra else CONFIG["options"]["install_requires"]
    needed = [Requirement(line) for line in asked.strip().splitlines()]
    assert needed
    for each in needed:
        assert PINNED.get(canonicalize_name(each.name), "none") in each.specifier, each


def test_each_line_of_the_pins_is_one_exact_version():
    for name in ("requirements/constraints.txt", "bench/rivals/requirements.txt"):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        wrong = [x for x in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", x)]
        assert wrong == [], name


def test_each_package_of_npm_is_locked_by_hash():
    lock = json.loads((ROOT / "bench/rivals/moleculer/package-lock.json").read_text("utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages
    assert [name for name, each in packages.items() if "sha512-" not in each["integrity"]] == []


def test_each_image_names_its_version():
    """A digest would pin it whole; a patch release of a base has to come by itself, though."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    named = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    for file in ("docker-compose.yml", "observability.yml"):
        text = (ROOT / "compose" / file).read_text("utf-8")
        named += re.findall(r"^\s+image: ([a-z]\S*)", text, re.MULTILINE)
    assert len(named) > 5
    assert [image for image in named if not re.search(r":v?[0-9]", image)] == []


def test_what_is_run_by_npx_is_named_with_its_version():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^SPECTRAL := \S+@[0-9.]+$", makefile, re.MULTILINE)


def test_a_vulnerability_that_is_known_is_found(tmp_path: Path):
    """By a stand-in for pip-audit, since the databases cannot be asked everywhere."""
    told = {
        "dependencies": [
            {"name": "x", "version": "1", "vulns": [{"id": "P-1", "fix_versions": []}]}
        ]
    }
    module = tmp_path / "pip_audit"
    module.mkdir()
    (module / "__init__.py").touch()
    (module / "__main__.py").write_text(f"print({json.dumps(json.dumps(told))})")
    code = "import audit; print(audit.vulnerabilities(audit.LOCK))"
    path = f"{tmp_path}:{ROOT / 'scripts'}"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert "x 1: P-1" in done.stdout, done.stderr


def test_a_secret_is_found_and_a_made_up_one_is_not(tmp_path: Path):
    pytest.importorskip("detect_secrets", reason="make audit installs it")
    kind = "PRIVATE"  # apart, or this file would be found as well
    (tmp_path / "key").write_text(f"-----BEGIN RSA {kind} KEY-----\nMIIE\n")
    (tmp_path / "made_up").write_text("mongodb://ada:hunter2@mongo/\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    code = "import audit, pathlib; print(audit.secrets(pathlib.Path.cwd()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "key:1: Private Key" in done.stdout, done.stderr
    assert "made_up:" not in done.stdout
