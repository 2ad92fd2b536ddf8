"""One of three instances fails under load: what callers notice of it, by how they call."""

import asyncio
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.peer.backends import FAULTS, Backend, backends
from bench.peer.load import AFTER_S, BEFORE_S, CALLERS, PAUSE_S, Done, load, row
from bench.peer.rivals import ATTEMPTS, RIVALS, TIMEOUT_S

INSTANCES = 3
USUAL_S = 0.005
_NODE = "opossum + undici (Node.js)"


async def run(with_node: bool = True) -> str:
    node = install_node() if with_node else None
    tables = []
    for fault in FAULTS:
        rows = [
            f"One of {INSTANCES} {fault}:",
            "",
            "| by | calls after it | failed | p99 before | p99 after | p99 of the last 5 s |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for name, rival in RIVALS.items():
            with backends(INSTANCES, USUAL_S) as started:
                async with rival([each.url for each in started]) as call:
                    rows.append(
                        row(name, await load(call, lambda s=started, f=fault: s[0].fail(f)))
                    )
        if node:
            with backends(INSTANCES, USUAL_S) as started:
                rows.append(row(_NODE, await by_node(node, started, fault)))
        tables.append("\n".join(rows))
    return "\n\n".join(tables)


def install_node() -> Path | None:
    """Return a folder where the Node.js rival can run; None where there is no npm."""
    if not shutil.which("npm") or not shutil.which("node"):
        return None
    folder = Path(tempfile.mkdtemp(prefix="shop-bench-"))
    shutil.copy(Path(__file__).with_name("rival.mjs"), folder)
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "opossum@9", "undici@7"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return folder if done.returncode == 0 else None


async def by_node(folder: Path, started: list[Backend], fault: str) -> list[Done]:
    given = {
        "urls": [each.url for each in started],
        "callers": CALLERS,
        "beforeMs": BEFORE_S * 1000,
        "afterMs": AFTER_S * 1000,
        "pauseMs": PAUSE_S * 1000,
        "timeoutMs": TIMEOUT_S * 1000,
        "attempts": ATTEMPTS,
    }
    child = await asyncio.create_subprocess_exec(
        "node", "rival.mjs", json.dumps(given), cwd=folder, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert (await child.stdout.readline()).strip() == b"fault"
    started[0].fail(fault)
    told, _ = await child.communicate()
    return [Done(*each) for each in json.loads(told)]
