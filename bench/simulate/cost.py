"""What many instances cost one client. This is measured, so it is not the same in every run."""

import json
import time
import tracemalloc
from collections.abc import Callable, Iterable
from random import Random
from statistics import median

from bench.simulate.consul_answers import entry
from bench.simulate.report import Report
from bench.simulate.world import Directory, Setting

from shop.common.peer import BreakerOptions, Instance, LoadOptions, PeakEwmaBalancer, PeerListener
from shop.common.peer.breaker import Outcome
from shop.common.peer.consul_api import Answer
from shop.common.peer.consul_wording import read_passing  # what of a watch takes the CPU's time
from shop.common.peer.endpoint import Endpoint
from shop.common.peer.picker import Picker
from shop.common.peer.pool import Pool

_HEAD = (
    "instances",
    "read one answer of Consul",
    "take over a changed list",
    "pick, all well",
    "pick, one breaker open",
    "memory of the pool",
)


def run(base: Setting, sizes: Iterable[int]) -> Report:
    """Measure one client's CPU time and memory."""
    report = Report("What many instances cost one client (CPU time)", _HEAD)
    for size in sizes:
        report.add(size, *_measure(size, base.seed))
    return report


def _measure(size: int, seed: int) -> list[str]:
    body = json.dumps([_told(n) for n in range(size)]).encode()
    answer = Answer(200, {"X-Consul-Index": "7"}, body)
    read_s = _usual_s(lambda: read_passing(answer))
    instances = read_passing(answer).instances
    rng = Random(seed)
    tracemalloc.start()
    pool = Pool("order", BreakerOptions(), LoadOptions(), PeerListener(), rng)
    pool.follow(instances, 0.0)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    adopt_s = _usual_s(lambda: pool.follow(_copied(instances), 0.0))
    picker = Picker("order", Directory(instances), pool, PeakEwmaBalancer(rng), None)
    well_s = _pick_s(picker)
    _open(pool.endpoints[0])
    return [*map(_time, (read_s, adopt_s, well_s, _pick_s(picker))), f"{taken / 1e6:.2f} MB"]


def _told(number: int) -> dict[str, object]:
    """Return an instance in the words of /v1/health/service."""
    told = entry(number)
    node = {key: value for key, value in told.items() if key not in ("Service", "Checks")}
    return {"Node": node, "Service": told["Service"] | {"Tags": []}, "Checks": told["Checks"]}


def _copied(instances: tuple[Instance, ...]) -> list[Instance]:
    return list(instances)  # another object, as after every change


def _open(endpoint: Endpoint) -> None:
    for _ in range(BreakerOptions().minimum_calls):
        endpoint.end(endpoint.begin(0.0), Outcome.FAILURE, 0.0)


def _pick_s(picker: Picker) -> float:
    times = 100

    def pick() -> None:
        for _ in range(times):
            picker.pick((), 0.1)

    return _usual_s(pick) / times


def _usual_s(act: Callable[[], object], times: int = 15) -> float:
    """Return the median of the CPU time of some times."""
    took_s = []
    for _ in range(times):
        began_s = time.process_time()
        act()
        took_s.append(time.process_time() - began_s)
    return median(took_s)


def _time(s: float) -> str:
    return f"{s * 1000:.3g} ms" if s >= 0.001 else f"{s * 1e6:.3g} us"
