"""Which kind of machine this is."""

import platform
import sys

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def name() -> str:
    """Return system and processor in one spelling: ``linux-x86_64``, ``darwin-aarch64``."""
    machine = platform.machine().lower()
    return f"{sys.platform}-{_MACHINES.get(machine, machine)}"
