"""The records of the audit trail: entries of one order that were copied at one time.

Each begins where the one before it ends. Absent means None.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shop.common.mongo import Document
from shop.order.model import Entry, Status


def record(order_id: str, entries: Sequence[Document]) -> Document:
    """Return entries as they are kept together: for as long as the latest of them must be."""
    return {
        "_id": id_of(order_id, entries[0]["seq"]),
        "orderId": order_id,
        "at": entries[-1]["at"],
        "entries": entries,
    }


def uncopied(stored: Document) -> list[Document]:
    """Return an entry for each event of an order that is not known to have been copied."""
    entries, before = [], None
    events, copied = stored["events"], stored.get("audited", 0)
    for seq, event in enumerate(events, stored["eventCount"] - len(events) + 1):
        if seq > copied:
            entries.append(_entry(seq, event, before))
        before = event.get("status", before)
    return entries


def _entry(seq: int, event: Mapping[str, Any], before: str | None) -> Document:
    entry = {
        "seq": seq,
        "at": event["at"],
        "type": event["type"],
        "by": event.get("by"),
        "from": before,
        "to": event.get("status"),
        "traceId": event.get("traceId"),
    }
    return {name: value for name, value in entry.items() if value is not None}


def id_of(order_id: str, seq: int) -> str:
    """Return the id of the record that begins with this entry; ids sort as the numbers do."""
    return f"{order_id}/{seq:09}"


def latest_first(records: Sequence[Document], before: int | None) -> list[Entry]:
    """Return the entries of one order's records, but for those from number ``before`` on."""
    told = {
        entry["seq"]: _told(record["orderId"], entry)
        for record in records
        for entry in record["entries"]
        if before is None or entry["seq"] < before
    }
    return [told[seq] for seq in sorted(told, reverse=True)]


def _told(order_id: str, entry: Mapping[str, Any]) -> Entry:
    to, before = entry.get("to"), entry.get("from")
    return Entry(
        order_id=order_id,
        seq=entry["seq"],
        at=entry["at"],
        type=entry["type"],
        by=entry.get("by"),
        before=Status(before) if before else None,
        after=Status(to) if to else None,
        trace_id=entry.get("traceId"),
    )
