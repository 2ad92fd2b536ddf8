"""What a part found, kept as JSON: samples, and where, when and how they were measured."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.speed import wrk
from bench.speed.options import Options
from bench.speed.samples import Sample

_PACKAGES = ("aiohttp", "pymongo", "redis", "uvloop", "fastapi", "uvicorn", "httptools")


@dataclass(frozen=True)
class Result:
    """``samples``: of all rounds. ``further``: what a part found beside (profiles)."""

    part: str
    about: Mapping[str, Any]
    samples: Sequence[Sample] = ()
    further: Mapping[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.part}.json"
        document = asdict(self) | {"samples": [_rounded(asdict(each)) for each in self.samples]}
        file.write_text(json.dumps(document, indent=1) + "\n")
        return file


def saved(folder: Path) -> dict[str, Result]:
    """Return what is kept in a folder, by part."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        document = json.loads(file.read_text())
        document["samples"] = [Sample(**each) for each in document["samples"]]
        found[document["part"]] = Result(**document)
    return found


def about(options: Options, command: Sequence[str], programs: Mapping[str, str]) -> dict[str, Any]:
    """Return where, when and how it is measured. ``programs``: versions of servers."""
    return {
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "versions": {**_named(programs), **_packages(), "wrk": wrk.version()},
        "load": os.getloadavg()[0],
        "rounds": options.rounds,
        "seconds": options.seconds,
        "command": " ".join(["python -m bench.speed", *command]),
    }


def _named(programs: Mapping[str, str]) -> dict[str, str]:
    titles = {"mongo": "mongod", "redis": "Valkey/Redis", "consul": "Consul", "node": "Node.js"}
    return {titles[name]: version for name, version in programs.items()}


def _rounded(sample: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in sample.items()}


def _commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "unknown"


def _packages() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
