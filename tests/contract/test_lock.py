"""The image's lock: whole, at the versions that were tested, and each package with its hashes."""

import configparser
import re
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements" / "image.txt").read_text("utf-8")


def pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def required() -> list[Requirement]:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    lines = config["options"]["install_requires"].strip().splitlines()
    return [Requirement(line) for line in lines]


def in_the_image(marker: Marker | None) -> bool:
    image = {"python_version": "3.13", "platform_system": "Linux", "sys_platform": "linux"}
    return marker is None or marker.evaluate(image)


def test_the_lock_has_what_the_package_needs_in_a_version_that_it_takes():
    locked = pins(LOCK)
    needed = [each for each in required() if in_the_image(each.marker)]
    assert needed
    assert [
        str(each)
        for each in needed
        if locked.get(canonicalize_name(each.name), "none") not in each.specifier
    ] == []


def test_the_lock_has_the_versions_that_were_tested():
    tested = pins((ROOT / "requirements" / "constraints.txt").read_text("utf-8"))
    assert {name: version for name, version in pins(LOCK).items() if tested[name] != version} == {}


def test_each_locked_package_has_a_hash_and_nothing_else_is_in_the_lock():
    entry = r"[a-z0-9.-]+==\S+(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    without_comments = re.sub(r"^#.*\n", "", LOCK, flags=re.MULTILINE)
    assert re.sub(entry, "", without_comments) == ""
