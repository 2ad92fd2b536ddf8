"""Make a release in dist/: `make release`. Nothing is published, and no tag is set.

Version, changelog and tree are checked; sdist and wheel are built; the wheel is installed into an
empty venv and run there; then a bill of materials (CycloneDX) of that venv and one of the image's
lock, checksums, and a look for known vulnerabilities. `--rehearse` tells what is not ready for a
release, and goes on all the same.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import audit
import changelog

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
LOCK = ROOT / "requirements" / "image.txt"
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"


def main() -> None:
    """Do it, and say at each step what is done."""
    parser = argparse.ArgumentParser(description="Make a release in dist/.")
    parser.add_argument("--rehearse", action="store_true", help="go on where it is not ready")
    rehearse = parser.parse_args().rehearse
    version = changelog.version_of(ROOT / "src" / "shop" / "__init__.py")
    step(f"shop {version}: is it ready?")
    refuse(not_ready(version), rehearse)
    step("Build sdist and wheel")
    wheel = built(version)
    with tempfile.TemporaryDirectory(prefix="shop-release-") as name:
        step("Install the wheel into an empty venv, and run it")
        python = installed(wheel, Path(name) / "venv")
        run(python, ROOT / "scripts" / "smoke.py", version, cwd=Path(name))
        step("Bills of materials")
        write_bills(version, python)
    step("Known vulnerabilities")
    found = audit.vulnerabilities(LOCK, "--require-hashes")
    step("Checksums")
    write_checksums()
    refuse(found, rehearse)


def not_ready(version: str) -> list[str]:
    """Return what speaks against a release of this tree."""
    found = changelog.faults(version, (ROOT / "CHANGELOG.md").read_text("utf-8"))
    if git("status", "--porcelain"):
        found.append("the tree has changes that are not committed")
    tagged = git("tag", "--list", f"v{version}")
    if tagged and git("rev-parse", f"v{version}^{{commit}}") != git("rev-parse", "HEAD"):
        found.append(f"there is a tag v{version} already, at another commit")
    return found


def refuse(found: list[str], rehearse: bool) -> None:
    """Tell what was found, and exit unless this is a rehearsal."""
    for fault in found:
        print(f"NOT READY  {fault}")
    if found and not rehearse:
        sys.exit(1)
    if not found:
        print("ok")


def built(version: str) -> Path:
    """Build both, with the commit's time in them; return the wheel."""
    DIST.mkdir(exist_ok=True)
    for old in DIST.iterdir():
        old.unlink()
    moment = {"SOURCE_DATE_EPOCH": git("log", "-1", "--format=%ct")}
    run(sys.executable, "-m", "build", "--outdir", DIST, ROOT, env=os.environ | moment, quiet=True)
    (wheel,) = DIST.glob("*.whl")
    (sdist,) = DIST.glob("*.tar.gz")
    for file in (sdist, wheel):
        if f"-{version}" not in file.name:
            sys.exit(f"{file.name} is not of version {version}")
        print(f"{file.name}  {file.stat().st_size // 1024} kB")
    return wheel


def installed(wheel: Path, folder: Path) -> Path:
    """Install the wheel and what it needs, and nothing else; return the venv's Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-qq"]
    run(*pip, "install", "--only-binary", ":all:", "--constraint", CONSTRAINTS, wheel)
    run(*pip, "check")
    run(*pip, "uninstall", "--yes", "setuptools", "pip")
    return python


def write_bills(version: str, python: Path) -> None:
    """Write what the wheel needs (with licences), and what the image holds (with hashes)."""
    cyclonedx = [sys.executable, "-m", "cyclonedx_py"]
    common = ["--spec-version", "1.6", "--output-reproducible", "--output-format", "JSON"]
    for name, source in {
        f"shop-{version}.cdx.json": ["environment", python],
        f"shop-{version}-image.cdx.json": ["requirements", LOCK],
    }.items():
        run(*cyclonedx, *source, *common, "--output-file", DIST / name, quiet=True)
        text = (DIST / name).read_text("utf-8").replace(f"{DIST.as_uri()}/", "")
        (DIST / name).write_text(text, "utf-8")  # without this machine's paths
        print(f"{name}  {len(json.loads(text)['components'])} components")


def write_checksums() -> None:
    """Write SHA256SUMS, for `sha256sum --check`."""
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}"
        for file in sorted(DIST.iterdir())
    ]
    (DIST / "SHA256SUMS").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines))


def git(*arguments: str) -> str:
    """Return what git says."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def run(*command: str | Path, quiet: bool = False, **options: object) -> None:
    """Run a command; exit with what it said where it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    if done.returncode:
        sys.exit(f"{done.stdout or ''}failed: {' '.join(map(str, command))}")


def step(what: str) -> None:
    """Say what comes now."""
    print(f"\n== {what}", flush=True)


if __name__ == "__main__":
    main()
