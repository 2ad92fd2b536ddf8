import pytest

from shop.local.debian import mirror
from shop.local.errors import LocalError

DEB822 = """Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
"""
SECURITY = "Types: deb\nURIs: http://mirror.example/debian-security\n"


@pytest.fixture
def apt(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_the_mirror_is_found_in_the_new_format(apt):
    (apt / "sources.list.d/debian.sources").write_text(SECURITY + "\n" + DEB822)
    assert mirror(apt) == "http://mirror.example/debian"


@pytest.mark.parametrize("options", ["", "[arch=amd64 signed-by=/a/key.gpg] "])
def test_the_mirror_is_found_in_the_old_format(apt, options):
    line = f"deb {options}https://mirror.example/debian/ bookworm main\n"
    (apt / "sources.list").write_text("# deb http://old.example/debian x main\n" + line)
    assert mirror(apt) == "https://mirror.example/debian/"


def test_other_mirrors_are_not_taken_for_debians(apt):
    (apt / "sources.list.d/a.list").write_text("deb https://mirror.example/apt cloud main\n")
    (apt / "sources.list").write_text("deb http://mirror.example/ubuntu jammy main\n")
    with pytest.raises(LocalError, match="no Debian mirror"):
        mirror(apt)
