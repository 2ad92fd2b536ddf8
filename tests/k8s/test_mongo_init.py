"""The job that joins the members and makes the users, against three real mongods with a keyfile."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError
from tests.k8s.manifests import ROOT, SERVICES

from shop.local.mongo import Mongo
from shop.local.ports import free_port
from shop.order.audit import AuditTrail

pytestmark = pytest.mark.xdist_group("mongo_init")  # one set of servers

SCRIPT = ROOT / "k8s" / "overlays" / "local" / "mongo_init.py"
MAKE_SECRETS = ROOT / "scripts" / "k8s_secrets.py"


@dataclass(frozen=True)
class Members:
    """Three mongods, of which the first knows the user root."""

    hosts: tuple[str, ...]
    secrets: Path

    def initialize(self) -> str:
        """Run the job; return what it printed."""
        told = {**os.environ, "MONGO_MEMBERS": ",".join(self.hosts), "SECRETS": str(self.secrets)}
        done = subprocess.run(
            [sys.executable, SCRIPT], env=told, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def client(self, service: str) -> AsyncMongoClient[dict[str, Any]]:
        """Return a client with the very address that the service is given."""
        return AsyncMongoClient((self.secrets / service).read_text("utf-8"), timeoutMS=10_000)


@asynccontextmanager
async def running(program: Path, data: Path, port: int, *flags: str) -> AsyncIterator[None]:
    data.mkdir(exist_ok=True)
    options = ["--bind_ip", "127.0.0.1", "--port", str(port), "--dbpath", str(data)]
    options += ["--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", *flags]
    options += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"]
    options += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
    process = await asyncio.create_subprocess_exec(
        program, *options, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await answers(f"127.0.0.1:{port}")
        yield
    finally:
        process.terminate()
        await process.wait()


async def answers(host: str) -> None:
    async with AsyncMongoClient(host, directConnection=True, serverSelectionTimeoutMS=200) as mongo:
        while True:
            try:
                await mongo.admin.command("ping")
                return
            except PyMongoError:
                await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
async def members(program_of, tmp_path_factory) -> AsyncIterator[Members]:
    """As the image's entry point leaves them: a keyfile for all, and a root user in the first."""
    folder = tmp_path_factory.mktemp("mongo")
    program = await program_of(Mongo())
    made = make_secrets(folder / "made")
    ports = [free_port() for _ in range(3)]
    hosts = tuple(f"127.0.0.1:{port}" for port in ports)
    mounted = mount(made, folder / "mounted", hosts)
    async with running(program, folder / "0", ports[0]), AsyncMongoClient(hosts[0]) as mongo:
        password = (mounted / "root-password").read_text()
        await mongo.admin.command("createUser", "root", pwd=password, roles=["root"])
    flags = ("--replSet", "rs0", "--keyFile", str(made / "mongo-keyfile"))
    async with (
        running(program, folder / "0", ports[0], *flags),
        running(program, folder / "1", ports[1], *flags),
        running(program, folder / "2", ports[2], *flags),
    ):
        found = Members(hosts, mounted)
        found.initialize()
        yield found


def make_secrets(folder: Path) -> Path:
    subprocess.run([sys.executable, MAKE_SECRETS, folder], check=True, stdout=subprocess.DEVNULL)
    return folder


def mount(made: Path, folder: Path, hosts: tuple[str, ...]) -> Path:
    """Lay the secrets out as the job has them, with the addresses that the members have here."""
    folder.mkdir()
    (folder / "root-password").write_text((made / "mongo-root-password").read_text())
    for service in SERVICES:
        uri = (made / f"{service}-mongo-uri").read_text("utf-8")
        for number, host in enumerate(hosts):
            uri = uri.replace(f"mongo-{number}.mongo:27017", host)
        (folder / service).write_text(uri)
    return folder


async def test_all_members_are_in_the_replica_set(members):
    async with members.client("order") as mongo:
        hello = await mongo.admin.command("hello")
    assert sorted(hello["hosts"]) == sorted(members.hosts)


USED = [
    *(("customer", name) for name in ("customers", "customerOrders", "erasures")),
    *(("product", name) for name in ("products", "reservations", "stockAdjustments")),
    *(("order", name) for name in ("orders", "intake", "erasures")),
    *((service, "idempotencyKeys") for service in SERVICES),
]


@pytest.mark.parametrize(("service", "collection"), USED)
async def test_a_service_may_use_its_own_database(members, service, collection):
    async with members.client(service) as mongo:
        things = mongo.get_default_database()[collection]
        assert things.database.name == service
        await things.create_index("name")
        await things.replace_one({"_id": 1}, {"name": "a"}, upsert=True)
        async with await things.watch() as changes:
            assert await changes.try_next() is None
        assert (await things.find_one())["name"] == "a"
        await things.delete_one({"_id": 1})


async def test_the_trail_of_orders_can_be_added_to_and_nothing_else(members):
    async with members.client("order") as mongo:
        database = mongo.get_default_database()
        trail = AuditTrail(database["orders"], database["audit"])
        await trail.prepare()
        await database["audit"].insert_one({"_id": "ord_1/000000001"})
        assert await database["audit"].find_one()
        for change in (
            database["audit"].update_one({}, {"$set": {"by": "staff:other"}}),
            database["audit"].replace_one({}, {}),
            database["audit"].find_one_and_delete({}),
            database["audit"].delete_many({}),
            database["audit"].drop(),
            database["audit"].drop_indexes(),
            database["audit"].rename("orders2"),
            database["orders"].aggregate([{"$out": "audit"}]),
            mongo.drop_database(database.name),
        ):
            with pytest.raises(OperationFailure, match="not authorized"):
                await change


@pytest.mark.parametrize(("who", "whose"), [("order", "customer"), ("customer", "admin")])
async def test_a_service_cannot_read_the_database_of_another(members, who, whose):
    async with members.client(who) as mongo:
        with pytest.raises(OperationFailure, match="not authorized"):
            await mongo[whose]["things"].find_one()


async def test_the_job_may_be_run_again_and_sets_a_new_password(members):
    file = members.secrets / "product"
    uri = file.read_text("utf-8")
    file.write_text(uri.replace("product:", "product:new", 1))
    assert members.initialize().count("updateUser") == len(SERVICES)
    async with members.client("product") as mongo:
        await mongo.get_default_database()["things"].find_one()
