"""No release whose version and changelog do not agree."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]

GOOD = """# Changelog

## [Unreleased]

## [1.10.0] - 2026-11-22

### Added
- A thing.

## [1.9.1] - 2026-10-01

### Fixed
- Another.
"""


@pytest.fixture(scope="module")
def changelog() -> ModuleType:
    path = ROOT / "scripts" / "changelog.py"
    spec = importlib.util.spec_from_file_location("changelog", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_version_with_its_section_on_top_is_ready(changelog):
    assert changelog.faults("1.10.0", GOOD) == []


WRONG = {
    "no version": ("", GOOD, "not MAJOR.MINOR.PATCH"),
    "not a release": ("1.10.0.dev1", GOOD, "not MAJOR.MINOR.PATCH"),
    "no section": ("1.11.0", GOOD, "0 sections [1.11.0]"),
    "two sections": ("1.9.1", GOOD + "## [1.9.1] - 2026-01-01\n- Again.\n", "2 sections"),
    "an older one": ("1.9.1", GOOD, "1.10.0 above 1.9.1"),
    "no date": ("1.10.0", GOOD.replace(" - 2026-11-22", ""), "when 1.10.0"),
    "nothing in it": ("1.10.0", GOOD.replace("- A thing.\n", ""), "nothing of 1.10.0"),
    "left over": ("1.10.0", GOOD.replace("ed]\n\n", "ed]\n\n- New.\n\n", 1), "under [Unreleased]"),
    "no unreleased": ("1.10.0", GOOD.replace("## [Unreleased]\n", ""), "does not begin"),
    "wrong order": ("1.10.0", GOOD + "## [1.9.2] - 2026-09-01\n- Odd.\n", "newest version"),
}


@pytest.mark.parametrize(("version", "text", "said"), WRONG.values(), ids=WRONG)
def test_what_does_not_agree_is_said(changelog, version, text, said):
    found = changelog.faults(version, text)
    assert len(found) == 1
    assert said in found[0]


def test_the_changelog_of_the_shop_can_be_read(changelog):
    (first, *released) = changelog.sections((ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert first.version == "Unreleased"
    assert [section.version for section in released if not section.date] == []


def test_the_version_is_read_without_importing_the_package(changelog):
    import shop

    assert changelog.version_of(ROOT / "src" / "shop" / "__init__.py") == shop.__version__


def test_everything_that_is_not_python_is_in_the_package_data(changelog):
    """What setup.cfg does not name is not in the wheel."""
    inside = (ROOT / "src" / "shop").rglob("*")
    data = {path.name for path in inside if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert data == {"py.typed", "swagger.yaml"}
