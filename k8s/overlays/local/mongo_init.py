"""Joins the members to a replica set, and makes a user for each service in its own database.

May be run again at any time: what is there is left, and passwords become what the secrets say.
``MONGO_MEMBERS``: the members, by comma; the first has the user root already.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

SECRETS = Path(os.environ.get("SECRETS", "/run/secrets/mongo"))
MEMBERS = os.environ["MONGO_MEMBERS"].split(",")
SERVICES = ("customer", "product", "order")
_WITHIN_S = 120
_NOT_YET_INITIALIZED = 94

# Rights can only be added up: so where one collection has fewer, each has to be named.
_ADDS = ["find", "insert", "createCollection", "createIndex", "listIndexes"]
_CHANGES = [*_ADDS, "update", "remove", "changeStream"]
_CHANGED = {"order": ("orders", "intake", "idempotencyKeys", "erasures")}
_APPEND_ONLY = {"order": ("audit",)}

Client = MongoClient[dict[str, Any]]


def client(hosts: list[str], **options: Any) -> Client:
    """Return a client that is root."""
    password = (SECRETS / "root-password").read_text("utf-8").strip()
    return MongoClient(hosts, username="root", password=password, timeoutMS=5000, **options)


def patiently(step: Callable[[], None]) -> None:
    """Take a step as soon as it can be taken; raise what hinders it for too long."""
    end = time.monotonic() + _WITHIN_S
    while True:
        try:
            return step()
        except PyMongoError as error:
            if time.monotonic() > end:
                raise
            say(f"waiting: {str(error)[:120]}")
            time.sleep(1)


def join() -> None:
    """Make the members one replica set, unless they are."""
    with client(MEMBERS[:1], directConnection=True) as first:
        try:
            first.admin.command("replSetGetStatus")
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            members = [{"_id": number, "host": host} for number, host in enumerate(MEMBERS)]
            first.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
            say(f"replica set of {len(members)}: made")


def add_users() -> None:
    """Make each service's user, as its address says: name, password, and one database."""
    with client(MEMBERS, replicaSet="rs0", w="majority") as everyone:
        for service in SERVICES:
            told = parse_uri((SECRETS / service).read_text("utf-8").strip())
            database = everyone[told["database"]]
            there = database.command("usersInfo", told["username"])["users"]
            verb = "updateUser" if there else "createUser"
            rights = {"pwd": told["password"], "roles": roles_of(database)}
            database.command(verb, told["username"], **rights)
            say(f"user {service}: {verb}")


def roles_of(database: Database[dict[str, Any]]) -> list[str]:
    """Return the roles of the service that has this database; make the one that order needs.

    order's trail of who did what can be added to and read, and nothing else.
    """
    if database.name not in _APPEND_ONLY:
        return ["readWrite"]
    wanted = dict.fromkeys(_CHANGED[database.name], _CHANGES)
    wanted |= dict.fromkeys(_APPEND_ONLY[database.name], _ADDS)
    privileges = [
        {"resource": {"db": database.name, "collection": name}, "actions": actions}
        for name, actions in wanted.items()
    ]
    name = f"{database.name}Service"
    known = database.command("rolesInfo", name)["roles"]
    verb = "updateRole" if known else "createRole"
    database.command(verb, name, privileges=privileges, roles=[])
    return [name]


def say(what: str) -> None:
    """Tell the log, at once."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    for part in (join, add_users):
        try:
            patiently(part)
        except PyMongoError as failure:
            sys.exit(f"{part.__name__}: {failure}")
