"""Commands to MongoDB as spans of the trace that they are sent in."""

from typing import Any

from pymongo import monitoring

from shop.common import spans, trace


class CommandSpans(monitoring.CommandListener):
    """Tells of commands by their name and collection, never of what they say."""

    def __init__(self) -> None:
        self._collections: dict[int, str] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note which collection it is about."""
        if trace.current() is not None:
            self._collections[event.request_id] = _collection(event.command_name, event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Tell of it."""
        self._tell(event, None)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Tell that it failed: with which code, if the server said one."""
        code = event.failure.get("code")
        self._tell(event, str(code) if code else "failed")

    def _tell(
        self,
        event: monitoring.CommandSucceededEvent | monitoring.CommandFailedEvent,
        error: str | None,
    ) -> None:
        collection = self._collections.pop(event.request_id, None)
        if collection is None:
            return
        told = {
            "db.system.name": "mongodb",
            "db.operation.name": event.command_name,
            "db.collection.name": collection,
        }
        name = f"{event.command_name} {collection}".rstrip()
        spans.ended(name, spans.Kind.CLIENT, event.duration_micros * 1000, told, error)


def _collection(name: str, command: Any) -> str:
    about = command.get("collection") if name == "getMore" else command.get(name)
    return about if isinstance(about, str) else ""
