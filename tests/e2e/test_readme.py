"""The README's tour, run in bash line by line as it stands."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

README = Path(__file__).parents[2] / "README.md"
USUAL = {
    "localhost:8001": "customer",
    "localhost:8002": "product",
    "localhost:8003": "order",
    "localhost:8500": "consul",
}
_EXPECTED = re.compile(r"  # (\d{3})((?:, \S+)*)$")
_LATER_S = 15  # what goes on after a write was answered is done by then


@dataclass(frozen=True)
class Line:
    """A line of the tour, and the status and the texts that its comment foretells."""

    text: str
    status: int | None
    texts: tuple[str, ...]

    @property
    def only_reads(self) -> bool:
        return not any(option in self.text for option in (" -X ", " -d "))

    def fault(self, code: int, printed: str) -> str | None:
        """Return in which way the outcome is not the foretold one."""
        if code != 0:
            return f"exit code {code}"
        if self.status is not None and f"HTTP/1.1 {self.status} " not in printed:
            return f"status is not {self.status}"
        shown = printed.lower()  # an edge may write the names of headers small
        return next(
            (f"no {text!r} in the answer" for text in self.texts if text.lower() not in shown), None
        )


def tour(readme: str) -> list[Line]:
    section = readme.partition("## A tour with curl\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return [_line(text) for block in blocks for text in block.splitlines() if text.strip()]


def _line(text: str) -> Line:
    found = _EXPECTED.search(text)
    if found is None:
        return Line(text, None, ())
    return Line(text, int(found[1]), tuple(found[2].split(", ")[1:]))


class Bash:
    """One shell for the whole tour, which also minds the commands within a pipe."""

    def __init__(self) -> None:
        self._shell = subprocess.Popen(
            ["bash", "-uo", "pipefail"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )

    def run(self, line: str) -> tuple[int, str]:
        """Return the exit code and everything that was printed."""
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f"{line}\nprintf '\\n<%d>\\n' $?\n")
        printed = ""
        for read in self._shell.stdout:
            printed += read
            if ended := re.fullmatch(r"<(\d+)>\n", read):
                return int(ended[1]), printed
        return -1, printed  # the shell itself has ended

    def close(self) -> None:
        self._shell.communicate()


@pytest.fixture
def bash() -> Iterator[Bash]:
    shell = Bash()
    yield shell
    shell.close()


def run_tour(
    bash: Bash, lines: list[Line], hosts: dict[str, str], later_s: float = _LATER_S
) -> None:
    for line in lines:
        text = line.text
        for usual, host in hosts.items():
            text = text.replace(usual, host)
        deadline = time.monotonic() + (later_s if line.only_reads else 0)
        while fault := line.fault(*(outcome := bash.run(text))):
            assert time.monotonic() < deadline, f"{fault}\n$ {text}\n{outcome[1]}"
            time.sleep(0.2)


def test_every_line_of_the_tour_does_what_its_comment_says_and_so_again(shop_stack, bash):
    hosts = {usual: urlsplit(shop_stack.url(name)).netloc for usual, name in USUAL.items()}
    hosts |= {".venv/bin/python": sys.executable, ".shop/keys": str(shop_stack.home / "keys")}
    lines = tour(README.read_text())
    run_tour(bash, lines, hosts)
    run_tour(bash, lines, hosts)


def test_every_request_of_the_tour_has_its_outcome_beside_it():
    lines = tour(README.read_text())
    assert len(lines) > 12
    silent = [line.text for line in lines if "curl -si" in line.text and line.status is None]
    assert silent == []


@pytest.mark.parametrize(
    "broken",
    [
        "curl -si http://{host}/api/v1/products  # 404",
        "curl -si http://{host}/api/v1/products  # 200, no-such-text",
        "curl -si http://{host}/api/v1/product  # 200",
        "curl -si http://{host}/api/v1/products/$NOBODY  # 200",
        "A=$(curl -si http://127.0.0.1:1/ | cat)",
        "curly http://{host}/",
    ],
)
def test_a_broken_line_is_noticed(shop_stack, bash, broken):
    host = urlsplit(shop_stack.url("product")).netloc
    with pytest.raises(AssertionError):
        run_tour(bash, [_line(broken.format(host=host))], {}, later_s=0)
