"""Look for known vulnerabilities and for secrets: `make audit`. Exit code 1 where there is one.

Vulnerabilities: of what the image holds and of what developers install, by pip-audit, asked of
PyPI's and of OSV's databases; of the rivals in `bench/`, by npm. Where none of them can be reached
that is said, and is no fault. Secrets: in every file that git knows, by detect-secrets.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
LOCK = REQUIREMENTS / "image.txt"
RIVALS = ROOT / "bench" / "rivals"
# Words are no proof, and a hash looks like a key: what has a form of its own is looked for.
_NOT_ASKED = ("KeywordDetector", "HexHighEntropyString", "Base64HighEntropyString")
_MADE_UP = r"^(hunter2|secret|pw|%s|%2Bs%3Ae%2Fcret)$"  # passwords in tests, and where one goes


def main() -> None:
    """Do all of it, and say at each step what was found."""
    found = [*of_packages(), *of_npm(), *secrets()]
    for fault in found:
        print(f"FOUND  {fault}")
    sys.exit(1 if found else 0)


def of_packages() -> list[str]:
    """Return what is known of the image's packages, and of those that developers install."""
    pinned = REQUIREMENTS / "constraints.txt"
    return [
        *vulnerabilities(LOCK, "--require-hashes"),
        *vulnerabilities(pinned, "--no-deps"),
        *vulnerabilities(RIVALS / "requirements.txt", "--no-deps"),
    ]


def vulnerabilities(requirements: Path, *options: str) -> list[str]:
    """Return those that are known of pinned packages; none where nobody can be asked."""
    name = requirements.relative_to(ROOT)
    for service in ("pypi", "osv"):
        packages, reason = _audited(requirements, service, options)
        known = [package for package in packages if "skip_reason" not in package]
        if known:
            break
        print(f"SKIPPED  {name}: {service} cannot be asked: {reason[:160]}")
    else:
        print("So it is not known whether something is known. Ask again where they can be reached.")
        return []
    print(f"{len(known)} of {len(packages)} packages of {name} were looked up")
    return [
        f"{package['name']} {package['version']}: {each['id']}, mended in {each['fix_versions']}"
        for package in known
        for each in package["vulns"]
    ]


def _audited(
    requirements: Path, service: str, options: tuple[str, ...]
) -> tuple[list[dict[str, Any]], str]:
    """Return the packages as pip-audit saw them, and why it saw less than it should.

    Where a service does not know a package pip-audit passes it by, and is content.
    """
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), *options]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command += ["--timeout", "20", "--vulnerability-service", service]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return [], (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
    reasons = [package["skip_reason"] for package in packages if "skip_reason" in package]
    return packages, reasons[0] if reasons else ""


def of_npm() -> list[str]:
    """Return what npm knows of the rivals' packages, from their lock alone."""
    npm = shutil.which("npm")
    if npm is None:
        print("SKIPPED  bench/rivals/moleculer: there is no npm here")
        return []
    command = [npm, "audit", "--package-lock-only", "--omit=dev", "--json"]
    done = subprocess.run(
        command, cwd=RIVALS / "moleculer", capture_output=True, text=True, check=False
    )
    told: dict[str, Any] = json.loads(done.stdout or "{}")
    if "vulnerabilities" not in told:
        said = (done.stderr.strip().splitlines() or ["no reason was given"])[0]
        print(f"SKIPPED  bench/rivals/moleculer: npm cannot ask: {said[:160]}")
        return []
    print(f"{told['metadata']['dependencies']['total']} packages of npm were looked up")
    return [f"{name}: {each['severity']}" for name, each in told["vulnerabilities"].items()]


def secrets(root: Path = ROOT) -> list[str]:
    """Return where something stands, in a file that git knows, that has the form of a secret."""
    known = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    files = [name for name in known.stdout.decode().split("\0") if name]
    hook = [str(Path(sys.executable).with_name("detect-secrets-hook")), "--no-verify", "--json"]
    for plugin in _NOT_ASKED:
        hook += ["--disable-plugin", plugin]
    done = subprocess.run(
        [*hook, "--exclude-secrets", _MADE_UP, *files],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and not done.stdout.startswith("{"):
        sys.exit(done.stderr or done.stdout)
    results: dict[str, list[dict[str, Any]]] = json.loads(done.stdout or "{}").get("results", {})
    print(f"{len(files)} files were searched for secrets")
    return [
        f"{name}:{each['line_number']}: {each['type']}"
        for name, there in results.items()
        for each in there
    ]


if __name__ == "__main__":
    main()
