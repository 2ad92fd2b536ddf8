"""What must be true of version and changelog before a release. No I/O but reading two files."""

import re
from dataclasses import dataclass
from pathlib import Path

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_HEADING = re.compile(r"^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """One version's part of the changelog; ``date``: empty where none is given."""

    version: str
    date: str
    text: str


def sections(changelog: str) -> list[Section]:
    """Return the sections, as they stand: newest first."""
    found = list(_HEADING.finditer(changelog))
    ends = [heading.start() for heading in found[1:]] + [len(changelog)]
    return [
        Section(heading[1], heading[2] or "", changelog[heading.end() : end].strip())
        for heading, end in zip(found, ends, strict=True)
    ]


def version_of(package: Path) -> str:
    """Return ``__version__`` as the package's ``__init__.py`` has it, without importing it."""
    found = re.search(r'^__version__ = "([^"]*)"$', package.read_text("utf-8"), re.MULTILINE)
    return found[1] if found else ""


def faults(version: str, changelog: str) -> list[str]:
    """Return why this version cannot be released with this changelog."""
    if not _VERSION.fullmatch(version):
        return [f"shop.__version__ is {version!r}, not MAJOR.MINOR.PATCH"]
    there = sections(changelog)
    released = [section for section in there if section.version != "Unreleased"]
    mine = [section for section in released if section.version == version]
    if len(mine) != 1:
        return [f"CHANGELOG.md has {len(mine)} sections [{version}], not one"]
    return [
        *_of_section(mine[0]),
        *_of_order(there, released, mine[0]),
    ]


def _of_section(mine: Section) -> list[str]:
    found = []
    if not mine.date:
        found.append(f"CHANGELOG.md does not say when {mine.version} was released")
    if not re.search(r"^- ", mine.text, re.MULTILINE):
        found.append(f"CHANGELOG.md says nothing of {mine.version}")
    return found


def _of_order(there: list[Section], released: list[Section], mine: Section) -> list[str]:
    found = []
    if released[0] != mine:
        found.append(f"CHANGELOG.md has {released[0].version} above {mine.version}")
    if _ordered(released) != released:
        found.append("CHANGELOG.md does not go from the newest version to the oldest")
    if there[0].version != "Unreleased":
        found.append("CHANGELOG.md does not begin with [Unreleased]")
    elif there[0].text:
        found.append("CHANGELOG.md still has something under [Unreleased]")
    return found


def _ordered(released: list[Section]) -> list[Section]:
    def number(section: Section) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", section.version)[:3])

    return sorted(released, key=number, reverse=True)
