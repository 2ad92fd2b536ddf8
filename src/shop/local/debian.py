"""Programs from the Debian mirror that this machine already uses, without root.

apt is given lists and a cache of its own, so the system's stay as they are. It checks the mirror's
signatures as it always does.
"""

import re
import shutil
from pathlib import Path

from shop.local.binaries import Package
from shop.local.errors import LocalError
from shop.local.run import run

_SUITE = "bullseye"  # the last Debian that had Consul
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


async def unpack(package: Package, folder: Path) -> Path:
    """Download the package into ``folder`` and return the program that it holds."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and _KEYRING.exists()):
        raise LocalError("it comes from Debian's packages, and this is not a Debian system")
    options = _own_apt(folder, mirror(Path("/etc/apt")))
    await run(["apt-get", *options, "-q", "update"])
    await run(["apt-get", *options, "-q", "download", package.name], cwd=folder)
    deb = next(folder.glob("*.deb"))
    await run(["dpkg-deb", "-x", deb, folder / "unpacked"])
    return folder / "unpacked" / package.member.lstrip("/")


def mirror(apt: Path) -> str:
    """Return the Debian mirror in apt's configuration; raise LocalError if there is none."""
    files = [*apt.glob("sources.list.d/*.sources"), *apt.glob("sources.list.d/*.list")]
    for file in [*sorted(files), apt / "sources.list"]:
        text = file.read_text() if file.exists() else ""
        found = re.search(r"^(?:URIs:|deb\b).*?\s(\S+://\S+/debian/?)(?=\s|$)", text, re.MULTILINE)
        if found:
            return found[1]
    raise LocalError("it comes from Debian's packages, and apt knows no Debian mirror here")


def _own_apt(folder: Path, uri: str) -> list[str]:
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by={_KEYRING}] {uri} {_SUITE} main\n")
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",  # the folder is ours: root need not become another user
        "Acquire::Retries": "2",
        "Acquire::Languages": "none",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
