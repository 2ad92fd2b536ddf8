"""What ``python -m shop.order --help`` says."""

import pytest

from shop.common.settings import settings
from shop.common.web import run
from shop.order.app import DEFAULTS, Config, create_app
from shop.order.commands import COMMANDS

VARIABLES = [about["variable"] for about, _ in settings(Config, DEFAULTS)]


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    with pytest.raises(SystemExit) as ended:
        run("order", Config, DEFAULTS, create_app, COMMANDS, [*arguments, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("command", [(), ("pending",), ("reconcile",)])
def test_meanings_stand_in_one_column_however_long_the_names_are(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    lines = shown(capsys, *command)
    begins = set()
    for variable in VARIABLES:
        [line] = [line for line in lines if line.startswith(f"  {variable} ")]
        begins.add(len(line) - len(line.removeprefix(f"  {variable}").lstrip()))
    assert begins == {max(map(len, VARIABLES)) + 4}


def test_the_commands_are_listed_with_what_they_do(capsys: pytest.CaptureFixture[str]) -> None:
    lines = " ".join(" ".join(shown(capsys)).split())
    for name, command in COMMANDS.items():
        assert f"{name} {command.meaning}" in lines


def test_a_command_lists_its_switches(capsys: pytest.CaptureFixture[str]) -> None:
    assert any(line.split()[:1] == ["--fix"] for line in shown(capsys, "reconcile"))
    assert not any(line.split()[:1] == ["--fix"] for line in shown(capsys, "pending"))
