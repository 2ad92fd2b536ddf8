"""What was started, written down so that any later command can find and stop it."""

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from shop.local.process import Process


@dataclass(frozen=True)
class Member:
    """A server or an instance of a service. Without ``process`` it is used, but not ours."""

    service: str
    kind: Literal["server", "instance"]
    id: str
    url: str
    slot: int = 1
    log: str | None = None
    process: Process | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs, as far as its process tells; one that is not ours is taken to."""
        return self.process is None or self.process.alive

    @property
    def port(self) -> int:
        """The port of its address; 0 if that names none, or several hosts."""
        try:
            return urlsplit(self.url).port or 0
        except ValueError:
            return 0

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Member":
        """Return the member that ``asdict`` made this document of."""
        process = document.pop("process")
        return cls(**document, process=Process(**process) if process else None)


def redacted(url: str) -> str:
    """Return an address without the name and password that it may hold."""
    return re.sub(r"//[^@/]*@", "//***@", url)


class State:
    """The members of a shop, kept in one file that is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._members = {member.id: member for member in _read(path)}

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._members.values()))

    def __getitem__(self, member_id: str) -> Member:
        return self._members[member_id]

    def get(self, member_id: str) -> Member | None:
        """Return a member, if it is there."""
        return self._members.get(member_id)

    def instances(self) -> list[Member]:
        """Return the instances of services."""
        return [member for member in self if member.kind == "instance"]

    def add(self, member: Member) -> None:
        """Add a member, or replace the one of the same id."""
        self._members[member.id] = member
        self._write()

    def remove(self, member: Member) -> None:
        """Remove a member."""
        self._members.pop(member.id, None)
        self._write()

    def forget_the_dead(self) -> None:
        """Remove the dead instances; and the servers, unless something of ours still lives.

        A dead server that instances still talk to is kept: it has to come back at its address.
        """
        alive = any(member.process and member.alive for member in self)
        for member in self:
            if not alive or (member.kind == "instance" and not member.alive):
                self.remove(member)

    def _write(self) -> None:
        if not self._members:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp's file can be read by its owner only: an address may hold a password.
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".state-")
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump([asdict(member) for member in self], file, indent=2)
            Path(name).replace(self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise


def _read(path: Path) -> list[Member]:
    try:
        return [Member.from_json(document) for document in json.loads(path.read_text())]
    except FileNotFoundError:
        return []
