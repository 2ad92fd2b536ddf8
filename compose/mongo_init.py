"""Makes three mongods a replica set, and a user for each service, who sees one database only.

It is run by a container of its own, in the network namespace of mongo-1: there, and only as long as
nobody else is known, MongoDB lets in whoever comes from localhost. It may be run again at any time:
what is there is left, and the passwords of the services become what the secrets say.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

SECRETS = Path("/run/secrets")
SERVICES = ("customer", "product", "order")
MEMBERS = ("mongo-1:27017", "mongo-2:27017", "mongo-3:27017")
_HERE = "mongodb://127.0.0.1:27017/?directConnection=true"
_WITHIN_S = 90
_NOT_YET_INITIALIZED, _UNAUTHORIZED, _USER_EXISTS = 94, 13, 51003

# Rights can only be added up: so where one collection has fewer, each has to be named.
_ADDS = ["find", "insert", "createCollection", "createIndex", "listIndexes"]
_CHANGES = [*_ADDS, "update", "remove", "changeStream"]
_CHANGED = {"order": ("orders", "intake", "idempotencyKeys", "erasures")}
_APPEND_ONLY = {"order": ("audit",)}

Client = MongoClient[dict[str, Any]]


def main() -> None:
    """Do it, in an order in which each step may have been done before."""
    password = (SECRETS / "mongo-root-password").read_text().strip()
    with MongoClient[dict[str, Any]](_HERE, timeoutMS=5000) as local:
        eventually("mongo-1 answers", lambda: local.admin.command("ping"))
        begin(local)
        add_root(local, password)
    root = f"mongodb://{','.join(MEMBERS)}/?replicaSet=rs0"
    with MongoClient[dict[str, Any]](
        root, username="root", password=password, w="majority"
    ) as all_:
        for member in MEMBERS[1:]:
            eventually(f"{member} has joined", lambda member=member: join(all_, member))
        eventually("all members are well", lambda: settled(all_))
        for service in SERVICES:
            add_user(all_, (SECRETS / f"{service}-mongo-uri").read_text().strip())


def begin(local: Client) -> None:
    """Make mongo-1 a replica set of one, so that it is sure to be the primary."""
    config = {
        "_id": "rs0",
        "members": [{"_id": 0, "host": MEMBERS[0]}],
        "settings": {"electionTimeoutMillis": 2000},  # on one machine, silence soon means death
    }
    try:
        local.admin.command("replSetInitiate", config)
        say("the replica set rs0 begins")
    except OperationFailure as error:
        if error.code not in (23, _UNAUTHORIZED):  # 23: AlreadyInitialized
            raise


def add_root(local: Client, password: str) -> None:
    """Add the first user; once there is one, MongoDB refuses this from whoever is not known."""

    def added() -> bool:
        try:
            local.admin.command("createUser", "root", pwd=password, roles=["root"])
        except OperationFailure as error:
            return error.code in (_UNAUTHORIZED, _USER_EXISTS)
        say("user root is made")
        return True

    eventually("there is a primary", added)


def join(client: Client, member: str) -> bool:
    """Add a member, one at a time as MongoDB wants it."""
    config = client.admin.command("replSetGetConfig")["config"]
    known = [each["host"] for each in config["members"]]
    if member not in known:
        config["members"].append({"_id": len(known), "host": member})
        config["version"] += 1
        client.admin.command("replSetReconfig", config)
        say(f"{member} joins")
    return True


def settled(client: Client) -> bool:
    """Say whether all members are primary or secondary."""
    members = client.admin.command("replSetGetStatus")["members"]
    return all(each["stateStr"] in ("PRIMARY", "SECONDARY") for each in members)


def add_user(client: Client, uri: str) -> None:
    """Add the user of a URI, who may use its database and nothing else."""
    told = parse_uri(uri)
    database = client[told["database"]]
    rights = {"pwd": told["password"], "roles": roles_of(database)}
    known = database.command("usersInfo", told["username"])["users"]
    database.command("updateUser" if known else "createUser", told["username"], **rights)
    say(f"user {told['username']} may use the database {told['database']}")


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


def eventually(what: str, attempt: Callable[[], Any]) -> None:
    """Try until it is so; exit with what MongoDB last said when time is up."""
    deadline, said = time.monotonic() + _WITHIN_S, "no answer"
    while time.monotonic() < deadline:
        try:
            if attempt():
                return
        except PyMongoError as error:
            said = str(error)
        time.sleep(0.2)
    sys.exit(f"not within {_WITHIN_S} s: {what}; last: {said}")


def say(what: str) -> None:
    """Tell, at once, what was done."""
    sys.stdout.write(what + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
