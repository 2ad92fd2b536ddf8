"""MongoDB: one mongod as a replica set of one, so that it has transactions."""

from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from shop.local.binaries import MONGOD
from shop.local.server import port_of

_NOT_YET_INITIALIZED = 94


class Mongo:
    """Starts mongod, and initiates its replica set through the driver."""

    name = "mongo"
    title = "MongoDB"
    variable = "SHOP_MONGO_URI"
    port = 27017
    binary = MONGOD

    def url(self, port: int) -> str:
        """Return the address that the services are given."""
        return f"mongodb://127.0.0.1:{port}/?replicaSet=rs0"

    def command(self, program: Path, port: int, data: Path) -> list[str]:
        """Return the command: small cache and oplog, no socket file in /tmp, a short farewell."""
        options = {
            "--bind_ip": "127.0.0.1",
            "--port": str(port),
            "--dbpath": str(data),
            "--replSet": "rs0",
            "--wiredTigerCacheSizeGB": "0.5",
            "--oplogSize": "512",
            "--slowOpSampleRate": "0",  # it would be logged whole, with what it says of people
        }
        parameters = {
            "diagnosticDataCollectionEnabled": "false",
            "shutdownTimeoutMillisForSignaledShutdown": "100",
        }
        flags = [part for option in options.items() for part in option]
        for name, value in parameters.items():
            flags += ["--setParameter", f"{name}={value}"]
        return [str(program), *flags, "--nounixsocket"]

    async def prepare(self, url: str) -> None:
        """Make it a replica set of one, at the port where it listens now."""
        host = f"127.0.0.1:{port_of(url)}"
        direct = f"mongodb://{host}/?directConnection=true"
        async with _client(direct) as client:
            try:
                await _settle(client, host)
            except PyMongoError:  # it does not answer yet
                return

    async def ready(self, url: str) -> bool:
        """Say whether there is a primary that takes writes."""
        try:
            async with _client(url) as client:
                hello = await client.admin.command("hello")
        except PyMongoError:
            return False
        return bool(hello.get("isWritablePrimary"))


def _client(url: str) -> AsyncMongoClient[dict[str, Any]]:
    # poll: the driver drops, unclosed, a connection that it is making as its client is closed, and
    # streaming makes a second one as soon as the first has answered.
    return AsyncMongoClient(
        url,
        serverSelectionTimeoutMS=1000,
        connectTimeoutMS=1000,
        socketTimeoutMS=5000,
        serverMonitoringMode="poll",
    )


async def _settle(client: AsyncMongoClient[dict[str, Any]], host: str) -> None:
    member = {"_id": 0, "host": host}
    try:
        config = (await client.admin.command("replSetGetConfig"))["config"]
    except OperationFailure as error:
        if error.code == _NOT_YET_INITIALIZED:
            await client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
        return
    if config["members"][0]["host"] != host:  # the data was made at another port
        config["members"] = [member]
        config["version"] += 1
        await client.admin.command("replSetReconfig", config, force=True)
