import re

import pytest

from shop.local.binaries import CONSUL, MONGOD, VALKEY

ALL = [MONGOD, VALKEY, CONSUL]
PACKAGES = [package for binary in ALL for package in binary.packages.values()]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.sha256[:8])
def test_whatever_is_fetched_has_a_pinned_version_and_checksum(package):
    assert re.fullmatch(r"[0-9a-f]{64}", package.sha256)
    assert re.match(r"\d+\.\d+", package.version)


def test_no_checksum_was_copied_from_one_platform_to_another():
    assert len({package.sha256 for package in PACKAGES}) == len(PACKAGES)


@pytest.mark.parametrize("binary", ALL, ids=lambda binary: binary.name)
def test_linux_on_x86_64_needs_nothing_installed(binary):
    assert "linux-x86_64" in binary.packages


@pytest.mark.parametrize("binary", ALL, ids=lambda binary: binary.name)
def test_the_advice_names_a_variable_for_a_running_server(binary):
    assert re.search(r"SHOP_\w+", binary.install)
