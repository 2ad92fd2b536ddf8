"""Which faults there will be, and when: one at a time, with rests; all of it follows from the seed.

Only the second instance of each service is killed: the first lives as long as the run, so its lines
are the long ones.
"""

import random

from tests.chaos.proxy import Mode, Way
from tests.chaos.schedule import Fault
from tests.chaos.stack import INSTANCES

_SECOND = tuple(name for name in INSTANCES if name.endswith("-2"))


def schedule(seed: int, duration_s: float, every_s: float) -> list[Fault]:
    """Return the faults of a run; each is over before the next begins."""
    rng, faults, at_s = random.Random(f"soak {seed}"), list[Fault](), every_s / 2
    while at_s + 10 < duration_s:
        lasts_s = rng.uniform(2, min(8, every_s / 2))
        faults.append(Fault(round(at_s, 2), *_what(rng), round(lasts_s, 2)))
        at_s += every_s * rng.uniform(0.7, 1.3)
    return faults


def _what(rng: random.Random) -> tuple[str, str]:
    servers = ("mongo-1", "mongo-2", "mongo-3", "mongo-all", "redis", "consul")
    links = [f"link {mode} {way}" for mode in Mode if mode is not Mode.PASS for way in Way]
    return rng.choice(
        (
            ("kill service", rng.choice(_SECOND)),
            ("kill service", rng.choice(_SECOND)),
            ("stop service", rng.choice(INSTANCES)),
            ("kill mongo", "primary"),
            ("kill redis", "redis"),
            ("kill consul", "consul"),
            (rng.choice(links), f"{rng.choice(INSTANCES)}>{rng.choice(servers)}"),
            (rng.choice(links), f"*>{rng.choice(INSTANCES[:4])}"),
        )
    )
