"""Make requirements/image.txt anew, the locked and hashed packages of the image: `make lock`.

What setup.cfg asks for, at the versions of requirements/constraints.txt, with the hash of each
wheel that Python 3.13 could install on Linux (x86_64 and arm64). uv resolves it, for both.
"""

import configparser
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "image.txt"
PYTHON = "3.13"
PLATFORMS = ("x86_64-manylinux_2_40", "aarch64-manylinux_2_40")
HEADER = f"""\
# What the image holds: locked, and checked by hash. Made by `make lock`; do not edit.
# Wheels for Python {PYTHON} on Linux, x86_64 and arm64:
#   pip install --require-hashes --only-binary :all: --no-deps -r requirements/image.txt
"""


def required() -> str:
    """Return what the package needs, and what sends its traces, as setup.cfg has it, one a line."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    needed = config["options"]["install_requires"], config["options.extras_require"]["otel"]
    return "\n".join(map(str.strip, needed))


def resolved(platform: str, requirements: str) -> list[dict[str, Any]]:
    """Return the packages for one platform, each with its wheels (PEP 751)."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "-", "--quiet", "--no-header"]
    command += ["--constraints", "requirements/constraints.txt", "--only-binary", ":all:"]
    command += ["--python-version", PYTHON, "--python-platform", platform]
    command += ["--format", "pylock.toml", "--no-config"]
    environment = {name: value for name, value in os.environ.items() if name[:3] != "UV_"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, input=requirements, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        sys.exit(done.returncode)
    packages: list[dict[str, Any]] = tomllib.loads(done.stdout)["packages"]
    return packages


def merged(platforms: list[list[dict[str, Any]]]) -> dict[str, set[str]]:
    """Return name==version -> hashes; exit where the platforms differ in what they need."""
    locked: dict[str, set[str]] = {}
    names = [{package["name"] for package in packages} for packages in platforms]
    if any(some != names[0] for some in names):
        sys.exit(f"The platforms need different packages: {set.union(*names) - names[0]}")
    for packages in platforms:
        for package in packages:
            hashes = {wheel["hashes"]["sha256"] for wheel in package["wheels"]}
            locked.setdefault(f"{package['name']}=={package['version']}", set()).update(hashes)
    return locked


def written(locked: dict[str, set[str]]) -> str:
    """Return the file, in pip's format."""
    entries = (
        " \\\n".join([pin, *(f"    --hash=sha256:{digest}" for digest in sorted(hashes))])
        for pin, hashes in sorted(locked.items())
    )
    return HEADER + "\n".join(entries) + "\n"


if __name__ == "__main__":
    requirements = required()
    LOCK.write_text(written(merged([resolved(name, requirements) for name in PLATFORMS])), "utf-8")
    print(f"Wrote {LOCK.relative_to(ROOT)}")
