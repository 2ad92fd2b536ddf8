"""The database's clock: the only one that all instances share."""

from datetime import datetime, timedelta
from typing import Any

from shop.common.mongo import Collection, mongo_errors


def after(span: timedelta) -> dict[str, Any]:
    """Return the expression for the moment that lies ``span`` ahead of the database's now."""
    return {"$add": ["$$NOW", round(span.total_seconds() * 1000)]}


async def server_now(collection: Collection) -> datetime:
    """Return what the clock of the primary shows."""
    with mongo_errors():
        hello = await collection.database.command("hello", codec_options=collection.codec_options)
    moment: datetime = hello["localTime"]
    return moment
