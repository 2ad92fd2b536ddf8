"""How long and how much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """``quick``: few contenders, sizes and rounds, for a look in between."""

    quick: bool = False
    rounds: int = 3
    seconds: int = 2
    only: tuple[str, ...] = ()  # contenders; empty: all

    def wants(self, name: str) -> bool:
        return not self.only or name in ("floor", "shop") or name in self.only
