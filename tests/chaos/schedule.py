"""Which faults there will be, and when: all of it follows from the seed.

They come in rounds, with a pause after each in which everything is well. So whatever an order
still needs can be done within a round's length, which is shorter than the margin by which goods
are reserved longer than an order may stay unpaid. Some orders are done late, none is lost.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.proxy import Mode, Way
from tests.chaos.stack import INSTANCES, SERVERS

_PAUSE_S = 4.0
_HANDS = (5, 6, 7)  # faults per round
_MONGOS = SERVERS[:3]
_LATE = f"link {Mode.HOLD} {Way.REQUESTS}"


@dataclass(frozen=True)
class Fault:
    """What is done to whom, when (seconds from the beginning), and for how long.

    ``target``: a member, or ``caller>called`` for a link; "primary" is whichever it is then. All
    of a kind ("mongo-all", "product-all") are hit together, and come back one after the other.
    """

    at_s: float
    kind: str
    target: str
    lasts_s: float

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.at_s + self.lasts_s

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


def schedule(seed: int, duration_s: float) -> list[Fault]:
    """Return the faults of a run."""
    rng = random.Random(f"faults {seed}")
    deck, faults, at_s = _deck(rng), list[Fault](), 2.0
    while at_s + 8 < duration_s:
        hand = _round(rng, deck, at_s)
        faults += [fault for fault in hand if fault.end_s <= duration_s]
        at_s = max(fault.end_s for fault in hand) + _PAUSE_S
    return faults


def _round(rng: random.Random, deck: Iterator[str], at_s: float) -> list[Fault]:
    chosen: dict[str, Fault] = {}
    for _ in range(rng.choice(_HANDS)):
        kind = next(deck)
        target = _target(rng, kind)
        taken = "mongo" if target in (*_MONGOS, "primary", "all mongods") else target
        if taken not in chosen:
            begin_s = at_s + rng.uniform(0, 4)
            chosen[taken] = Fault(round(begin_s, 2), kind, target, round(_lasts(rng, kind), 2))
    return list(chosen.values())


def _deck(rng: random.Random) -> Iterator[str]:
    """Deal the kinds of faults in random order, each about as often as the others."""
    links = [f"link {mode} {way}" for mode in Mode if mode is not Mode.PASS for way in Way]
    kinds = ["kill service"] * 5 + ["stop service"] * 5 + ["kill mongo"] * 3 + ["stop mongo"]
    kinds += ["kill redis", "stop redis", "kill consul", "stop consul", "restart all mongo"]
    kinds += links + [_LATE] * 3
    while True:
        rng.shuffle(kinds)
        yield from kinds


def _target(rng: random.Random, kind: str) -> str:
    if kind == _LATE and rng.random() < 0.75:  # so that a request is overtaken by a later one
        return rng.choice(("*>product-all", "*>product-all", "*>customer-all"))
    if kind.startswith("link"):
        return _link(rng)
    what = kind.split()[-1]
    if kind == "restart all mongo":
        return "all mongods"
    if what == "mongo":
        return rng.choice(("primary", "primary", *_MONGOS))
    return rng.choice(INSTANCES) if what == "service" else what


def _link(rng: random.Random) -> str:
    """Choose a link: half of them lead from the order service to a peer."""
    if rng.random() < 0.5:
        return f"*>{rng.choice([name for name in INSTANCES if not name.startswith('order')])}"
    server = rng.choice(("mongo-1", "mongo-2", "mongo-3", "mongo-all", "redis", "consul"))
    return f"{rng.choice(INSTANCES)}>{server}"


def _lasts(rng: random.Random, kind: str) -> float:
    if kind == "restart all mongo":
        return 1.5
    if kind == "stop service":  # past the lease of an order, or even of an idempotency key
        return rng.choice((rng.uniform(5, 8), rng.uniform(5, 8), rng.uniform(16, 18)))
    return rng.uniform(2, 8)
