"""What a feed tells of a collection, and what MongoDB says of a change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shop.common.mongo import Collection, Document
from shop.common.representation import Representation

CREATED, UPDATED, DELETED = "created", "updated", "deleted"


@dataclass(frozen=True, slots=True)
class Shown:
    """A document as it is told: whose it is, and how it goes over the wire."""

    owner: str
    resource: Representation


@dataclass(frozen=True)
class Watched:
    """A collection whose documents count in ``version`` what is shown of them.

    ``show`` tells how a document is shown; ``owner`` is the field that says whose it is.
    ``deleted``: the field that hides a document which is to be deleted, set to its owner; None:
    documents are just deleted. ``erased``: the field that says that a document was rid of personal
    data: what it was before must not be told any more. ``unneeded``: fields that ``show`` does not
    look at.
    """

    name: str
    collection: Collection
    show: Callable[[Document], Representation]
    owner: str = "_id"
    deleted: str | None = None
    erased: str | None = None
    unneeded: tuple[str, ...] = field(default=())

    def visible(self, ids: list[str]) -> Document:
        """Return the filter of these documents, but for those that are hidden."""
        hidden = {self.deleted: {"$exists": False}} if self.deleted else {}
        return {"_id": {"$in": ids}, **hidden}

    def shown(self, document: Document) -> Shown:
        """Return a document as it is told."""
        return Shown(document[self.owner], self.show(document))

    def pipeline(self) -> list[Document]:
        """Return the stages that leave only what is told; contents are looked up later."""
        updated = "updateDescription.updatedFields."
        told = {"operationType": {"$in": ["insert", "replace", "delete", "invalidate"]}}
        kept = ["operationType", "documentKey", "fullDocument.version", f"{updated}version"]
        kept += [updated + name for name in (self.deleted, self.erased) if name]
        return [
            {"$match": {"$or": [told, {f"{updated}version": {"$exists": True}}]}},
            {"$project": dict.fromkeys(kept, 1)},
        ]


@dataclass(frozen=True, slots=True)
class Change:
    """A change, and the place in the stream right after it.

    ``version``: that it made; ``owner``: of what is deleted, None where it cannot be told.
    ``forgets``: what was told of the document before must not be told any more.
    """

    token: str
    kind: str
    id: str
    version: int | None = None
    owner: str | None = None
    forgets: bool = False


def read(watched: Watched, raw: Mapping[str, Any]) -> Change | None:
    """Return the change that MongoDB tells of; None: it is not to be told."""
    token, operation = str(raw["_id"]["_data"]), raw["operationType"]
    key = raw.get("documentKey", {}).get("_id")
    if not isinstance(key, str):
        return None
    if operation == "delete":
        return None if watched.deleted else Change(token, DELETED, key, owner=key, forgets=True)
    if operation != "update":
        version = raw.get("fullDocument", {}).get("version")
        return Change(token, CREATED if operation == "insert" else UPDATED, key, version)
    fields = raw["updateDescription"]["updatedFields"]
    if watched.deleted in fields:
        owner = fields[watched.deleted]
        known = owner if isinstance(owner, str) else None
        return Change(token, DELETED, key, owner=known, forgets=True)
    return Change(token, UPDATED, key, fields["version"], forgets=watched.erased in fields)
