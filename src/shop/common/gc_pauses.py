"""How long the garbage collector stops everything else."""

import gc
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from shop.common.histogram import Histogram

SECONDS = Histogram(
    "shop_gc_pause_seconds",
    "Time that one run of the garbage collector stopped all else.",
    ["generation"],
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
)

_began_s = 0.0


def watch() -> None:
    """Measure from now on; once for the whole process, however often it is called."""
    if _ran not in gc.callbacks:
        gc.callbacks.append(_ran)


def _ran(phase: str, about: Mapping[str, Any]) -> None:
    global _began_s
    if phase == "start":
        _began_s = perf_counter()
    else:
        SECONDS.observe((about["generation"],), perf_counter() - _began_s)
