"""TCP ports on 127.0.0.1: is one free, who holds it, which other one will do."""

import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

HOST = "127.0.0.1"
# Below the ports that systems give to outgoing connections (from 32768, RFC 6335: from 49152),
# so that none of those takes the port between our look and the server's bind.
_RANGE = range(20_000, 32_000)
# Between our look and the server's bind other shops look too, such as those of tests that run side
# by side: a port that was given is not given again so soon, by whichever process.
_CLAIMS = Path(tempfile.gettempdir(), f"shop-ports-{os.getuid()}")
_CLAIMED_S = 60.0


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port."""
    with socket.socket() as caller:
        caller.settimeout(1)
        if caller.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a free port; no process of this user is given the same within a minute."""
    return next(p for p in iter(lambda: random.choice(_RANGE), 0) if is_free(p) and _claim(p))  # noqa: S311


def _claim(port: int) -> bool:
    _CLAIMS.mkdir(exist_ok=True)
    claim = _CLAIMS / str(port)
    with suppress(FileNotFoundError):
        if time.time() - claim.stat().st_mtime > _CLAIMED_S:
            claim.unlink()
    try:
        claim.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def holder(port: int) -> str | None:
    """Name the process that listens on a port, ``pid 12 (mongod)``; None if it cannot be known."""
    if Path("/proc/net/tcp").exists():
        return _holder_by_proc(port)
    return _holder_by_lsof(port)


def _holder_by_proc(port: int) -> str | None:
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(fd.readlink()) in sockets for fd in (process / "fd").iterdir()):
                return f"pid {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:  # it has gone, or belongs to another user
            continue
    return None


def _listening_inodes(port: int) -> set[str]:
    """Read proc(5)'s net/tcp: the second field is address:port in hex, the fourth 0A is LISTEN."""
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    rows = [row.split() for t in tables if t.exists() for row in t.read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port}


def _holder_by_lsof(port: int) -> str | None:
    lsof = shutil.which("lsof")
    if lsof is None:
        return None
    command = [lsof, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
    fields = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()  # noqa: S603
    found = {field[0]: field[1:] for field in reversed(fields)}
    return f"pid {found['p']} ({found.get('c', '?')})" if "p" in found else None
