"""The documents: links lead somewhere, variables exist, and the list of decisions is whole."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
DECISIONS = ROOT / "docs" / "adr"

each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def links(text: str) -> list[str]:
    """Return the targets of links and images, but for those on other hosts."""
    found = re.findall(r"\]\(([^)\s]+)\)", _without_code(text))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", _without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def fault(document: Path, target: str) -> str | None:
    path, _, anchor = target.partition("#")
    found = (document.parent / path).resolve() if path else document
    if not found.exists():
        return f"{target}: no such file"
    if anchor and anchor not in anchors(found.read_text("utf-8")):
        return f"{target}: no such heading"
    return None


def variables(folder: Path, pattern: str) -> set[str]:
    files = (path.read_text("utf-8") for path in folder.rglob(pattern))
    return {name for text in files for name in re.findall(r"\bSHOP_[A-Z_]+[A-Z]\b", text)}


@each_document
def test_every_relative_link_leads_somewhere(document):
    found = (fault(document, target) for target in links(document.read_text("utf-8")))
    assert [each for each in found if each] == []


@each_document
def test_every_variable_that_is_named_exists_in_the_code(document):
    named = set(re.findall(r"\bSHOP_[A-Z_]+[A-Z]\b", document.read_text("utf-8")))
    assert named - variables(ROOT / "src", "*.py") == set()


@each_document
def test_every_make_target_that_is_named_exists(document):
    named = set(re.findall(r"`make ([a-z0-9-]+)", document.read_text("utf-8")))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    assert named - targets == set()


@each_document
def test_every_path_into_the_source_that_is_named_exists(document):
    named = re.findall(r"`((?:src|tests|docs|scripts)/[\w./-]+)`", document.read_text("utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_list_of_decisions_names_each_in_order():
    listed = re.findall(r"^\| \[(\d{4})\]\((\S+)\) \|", (DECISIONS / "README.md").read_text(), re.M)
    there = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))
    assert [name for _, name in listed] == there
    assert [number for number, _ in listed] == [name[:4] for name in there]


@pytest.mark.parametrize("decision", sorted(DECISIONS.glob("[0-9]*.md")), ids=lambda p: p.name)
def test_a_decision_has_its_number_and_its_four_parts_on_one_page(decision):
    text = decision.read_text("utf-8")
    assert text.startswith(f"# {int(decision.name[:4])}. ")
    parts = ("\nStatus: ", "\n## Context\n", "\n## Decision\n", "\n## Consequences\n")
    assert [part.strip() for part in parts if part not in text] == []
    assert len(text.splitlines()) <= 65  # a page


def test_a_broken_link_is_noticed(tmp_path):
    document = tmp_path / "a.md"
    document.write_text("# One\n[there](a.md#one) [not](b.md) [nor](#two)\n")
    found = [fault(document, target) for target in links(document.read_text())]
    assert found == [None, "b.md: no such file", "#two: no such heading"]
