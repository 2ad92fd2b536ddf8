"""MongoDB: open a client, wait for the server, create indexes, tell when it is away."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC
from typing import Any

import pymongo
import stamina
import structlog
from prometheus_client import CollectorRegistry
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)

from shop.common import spans
from shop.common.config import MongoConfig
from shop.common.errors import CannotStart, DeadlineExceeded, Unavailable
from shop.common.mongo_locks import mend
from shop.common.mongo_metrics import CommandSeconds, Connections
from shop.common.mongo_spans import CommandSpans
from shop.common.peer import current_deadline
from shop.common.settings import ConfigError

Document = dict[str, Any]
Collection = AsyncCollection[Document]
Database = AsyncDatabase[Document]

log = structlog.get_logger()

_INDEXES_S = 600.0
_NOT_LET_IN = (13, 18, 8000)  # Unauthorized, AuthenticationFailed, AtlasError

stamina.instrumentation.set_on_retry_hooks(())  # what is waited for is said once, below

_operation_s = MongoConfig.timeout_s


# By the id of a client: two clients of one address are equal.
_unretried: dict[int, AsyncMongoClient[Document]] = {}


def connect(
    config: MongoConfig, listeners: Sequence[Any] = (), *, retry_writes: bool = True
) -> AsyncMongoClient[Document]:
    """Return a client for ``mongodb://`` and ``mongodb+srv://``; it connects at its first use.

    Writes are acknowledged by a majority and journaled, times are in UTC, and every operation
    ends within ``config.timeout_s``. ``listeners``: are told of commands and connections.
    Raises ConfigError for an address that cannot be understood.
    """
    mend()
    try:
        return AsyncMongoClient(
            config.uri,
            tz_aware=True,
            tzinfo=UTC,
            w="majority",
            journal=True,
            timeoutMS=int(config.timeout_s * 1000),
            appname="shop",
            event_listeners=listeners,
            **_options(retry_writes),
        )
    except (ConfigurationError, ValueError):  # what they say may quote the password
        raise ConfigError("SHOP_MONGO_URI: this is no address that MongoDB understands.") from None


def _options(retry_writes: bool) -> dict[str, Any]:
    """Return what is said of retries: nothing where the address may say it."""
    return {} if retry_writes else {"retryWrites": False}


@asynccontextmanager
async def opened(
    config: MongoConfig, registry: CollectorRegistry | None = None, *, wait: bool = True
) -> AsyncIterator[Database]:
    """Give a database that answers, and close its client at the end; wait for it unless told not.

    From then on the calls in ``mongo_errors`` are given the time that this configuration says.
    ``registry``: where its commands and connections are measured; None: nowhere.
    """
    global _operation_s  # a service has one database: who calls it need not know its settings
    _operation_s = config.timeout_s
    listeners = _listeners(registry)
    async with (
        connect(config, listeners) as client,
        connect(config, listeners, retry_writes=False) as bare,
    ):
        _unretried[id(client)] = bare
        try:
            if wait:
                await wait_until_up(client)
            yield client[config.database]
        finally:
            del _unretried[id(client)]


def _listeners(registry: CollectorRegistry | None) -> list[Any]:
    """Return what is told of commands and connections; nothing where nobody wants to know."""
    listeners: list[Any] = [CommandSeconds(registry), Connections(registry)] if registry else []
    if spans.recorder is not None:
        listeners.append(CommandSpans())
    return listeners


def unretried(collection: Collection) -> Collection:
    """Return a collection as a client has it that does not send writes again by itself.

    For who does so better; see ``shop.common.bulk``. Where none was opened, it is the same one.
    """
    client = _unretried.get(id(collection.database.client))
    if client is None:
        return collection
    return client[collection.database.name][collection.name]


async def wait_until_up(client: AsyncMongoClient[Document]) -> None:
    """Return once the server answers; meanwhile say what is waited for.

    Raises CannotStart where it answers that it does not know the user, or the password is wrong.
    """
    with _let_in(client):
        await _answers(client)


async def _answers(client: AsyncMongoClient[Document]) -> None:
    async for attempt in stamina.retry_context(
        on=ConnectionFailure, attempts=None, timeout=None, wait_initial=0.1, wait_max=1.0
    ):
        with attempt:
            if attempt.num == 2:
                log.warning("waiting for MongoDB", nodes=_nodes(client))
            with pymongo.timeout(1):
                await client.admin.command("ping")


@contextmanager
def _let_in(client: AsyncMongoClient[Document]) -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code not in _NOT_LET_IN:
            raise
        said = (error.details or {}).get("errmsg", "")  # no more: the whole may quote the user
        raise CannotStart(
            f"SHOP_MONGO_URI: MongoDB at {_nodes(client)} does not let this user in: {said}"
        ) from None


def _nodes(client: AsyncMongoClient[Document]) -> str:
    seeds = client.topology_description.server_descriptions()
    return ", ".join(f"{host}:{port}" for host, port in seeds)


async def ping(database: Database, timeout_s: float = 1.0) -> None:
    """Return if the database answers in time; raise Unavailable if not."""
    with mongo_errors(timeout_s):
        await database.command("ping")


async def ensure_indexes(collection: Collection, indexes: Sequence[IndexModel]) -> None:
    """Create the indexes that are missing; several instances may do so at once.

    It may take as long as a large collection needs: a service does this before it listens.
    Raises CannotStart where the user may not.
    """
    async for attempt in stamina.retry_context(on=ConnectionFailure, timeout=_INDEXES_S):
        with attempt, pymongo.timeout(_INDEXES_S), _let_in(collection.database.client):
            await collection.create_indexes(list(indexes))


@contextmanager
def mongo_errors(timeout_s: float | None = None) -> Iterator[None]:
    """Give the calls inside up to ``timeout_s``, or what is left of the request's time.

    Without ``timeout_s`` it is what the configuration gives to an operation.

    Raises Unavailable where the database cannot be reached or does not answer in that time, and
    DeadlineExceeded where the request's time is already over. Mongo gets its deadline this way
    and not by cancellation, which Python 3.11 can swallow (python/cpython#86296).
    """
    given_s = _operation_s if timeout_s is None else timeout_s
    deadline = current_deadline()
    left_s = min(given_s, deadline.remaining_s()) if deadline else given_s
    if not left_s:  # PyMongo would take it as no limit at all
        raise DeadlineExceeded("The request's time ran out; it may still take effect.")
    try:
        with pymongo.timeout(left_s):
            yield
    except ConnectionFailure as error:
        raise Unavailable("The database cannot be reached; try again shortly.") from error
    except WriteConcernError as error:  # written, and perhaps lost again with the primary
        raise _unsure() from error
    except PyMongoError as error:
        if isinstance(error, BulkWriteError) and (error.details or {}).get("writeConcernErrors"):
            raise _unsure() from error
        if not error.timeout:
            raise
        raise Unavailable("The database did not answer in time; try again shortly.") from error


def _unsure() -> Unavailable:
    return Unavailable("The database could not make sure of a write; try again.")
