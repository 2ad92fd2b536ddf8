"""The same clients with and without what keeps retries from multiplying."""

from collections.abc import Iterator
from dataclasses import replace

from bench.simulate.world import NO_BREAKER, NO_BUDGET, Setting


def guards(base: Setting) -> Iterator[tuple[str, Setting]]:
    """Return the four combinations of budget and breaker, by name; the default first."""
    options = base.options
    yield "budget + breaker", base
    yield "budget", replace(base, options=replace(options, breaker=NO_BREAKER))
    yield "breaker", replace(base, options=replace(options, budget=NO_BUDGET))
    yield (
        "neither",
        replace(base, options=replace(options, breaker=NO_BREAKER, budget=NO_BUDGET)),
    )
