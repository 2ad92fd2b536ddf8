"""The alert rules: each has its page, is valid, and fires when it should."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "compose" / "prometheus" / "alerts.yml"
PAGES = ROOT / "docs" / "runbook"
HEADINGS = ["## Meaning", "## Likely causes", "## What to look at", "## What to do"]


def alerts():
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_each_alert_has_a_page_and_each_page_an_alert():
    pages = {page.stem for page in PAGES.glob("*.md")}
    assert pages == set(alerts())


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_urgent_it_is_and_leads_to_its_page(name):
    rule = alerts()[name]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook_url"] == f"docs/runbook/{name}.md"


@pytest.mark.parametrize("name", alerts())
def test_a_page_says_what_it_means_and_what_to_do(name):
    lines = (PAGES / f"{name}.md").read_text("utf-8").splitlines()
    assert lines[0] == f"# {name}"
    assert [line for line in lines if line.startswith("## ")] == HEADINGS


def test_the_document_lists_every_alert():
    document = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert [name for name in alerts() if f"runbook/{name}.md" not in document] == []


def test_every_alert_is_seen_to_fire_and_not_to_fire():
    tests = yaml.safe_load(RULES.with_name("alerts_test.yml").read_text("utf-8"))["tests"]
    checks = [check for test in tests for check in test["alert_rule_test"]]
    for fires in (True, False):
        seen = {each["alertname"] for each in checks if bool(each["exp_alerts"]) == fires}
        assert seen == set(alerts())


@pytest.mark.parametrize("what", [("check", "alerts.yml"), ("test", "alerts_test.yml")])
def test_promtool_agrees(what):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH (Debian: it is in the package prometheus)")
    command, file = what
    ran = subprocess.run(
        [promtool, command, "rules", file],
        cwd=RULES.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
