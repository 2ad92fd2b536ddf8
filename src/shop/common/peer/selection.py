"""Which of a service's instances are wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .instance import Instance


@dataclass(frozen=True)
class Selection:
    """Instances that carry all of these tags and all of this metadata; empty: any instance.

    Consul itself selects by tags, so that others wake no watch; metadata is compared here.
    """

    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict, hash=False)

    def admits(self, instance: Instance) -> bool:
        """Say whether an instance carries the metadata."""
        return all(instance.meta.get(key) == value for key, value in self.meta.items())


ANY = Selection()
