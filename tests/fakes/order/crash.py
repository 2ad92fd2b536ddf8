"""Dying at one moment: before or after the n-th call to a store or a peer."""

from dataclasses import dataclass
from typing import Any


class Crash(BaseException):
    """The process is gone: nobody catches this."""


@dataclass
class Fate:
    """When to die; ``calls`` counts those that were made."""

    at: int
    after: bool
    calls: int = 0

    @property
    def met(self) -> bool:
        return self.calls >= self.at

    def wrap(self, target: Any) -> Any:
        """Return something like ``target`` whose calls are counted; one is the last."""
        return _Mortal(target, self)


class _Mortal:
    def __init__(self, target: Any, fate: Fate) -> None:
        self._target = target
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        method, fate = getattr(self._target, name), self._fate

        async def call(*args: Any, **kwargs: Any) -> Any:
            fate.calls += 1
            mine = fate.calls == fate.at
            if fate.calls > fate.at or (mine and not fate.after):
                raise Crash(name)
            result = await method(*args, **kwargs)
            if mine:
                raise Crash(name)
            return result

        return call
