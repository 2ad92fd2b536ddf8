"""Make the secrets of k8s/overlays/local at random, those that are missing: `make k8s-secrets`.

Each stands in a file of k8s/overlays/local/secrets, or of the folder that is named. A file that was
removed is made anew, with those that hold the same secret.
"""

import os
import sys
from base64 import b64encode
from pathlib import Path
from secrets import token_bytes, token_hex
from uuid import uuid4

from shop.local.keys import new_pair

FOLDER = Path(__file__).resolve().parent.parent / "k8s" / "overlays" / "local" / "secrets"
SERVICES = ("customer", "product", "order")
MEMBERS = ",".join(f"mongo-{number}.mongo:27017" for number in range(3))


def secrets() -> dict[str, str]:
    """Return new ones, by the names of their files."""
    agent, management, redis = str(uuid4()), str(uuid4()), token_hex(24)
    gossip = b64encode(token_bytes(32)).decode()
    made = {
        "consul-agent-token": agent,
        "consul-agent.hcl": f'encrypt = "{gossip}"\nacl {{ tokens {{ agent = "{agent}" }} }}\n',
        "consul-management-token": management,
        "consul-server.hcl": f'acl {{ tokens {{ initial_management = "{management}" }} }}\n',
        "mongo-keyfile": token_hex(256),
        "mongo-root-password": token_hex(24),
        "redis-url": f"redis://:{redis}@redis:6379/0",
        "redis-users.acl": f"user default on >{redis} ~* &* +@all\n",
    }
    for name in ("issuer", "order"):
        made[f"{name}-key.pem"], made[f"{name}-public.pem"] = new_pair()
    for service in SERVICES:
        who = f"{service}:{token_hex(24)}"
        made[f"{service}-mongo-uri"] = f"mongodb://{who}@{MEMBERS}/{service}?replicaSet=rs0"
        made[f"{service}-consul-token"] = str(uuid4())
    return made


TOGETHER = (
    ("consul-agent-token", "consul-agent.hcl"),
    ("consul-management-token", "consul-server.hcl"),
    ("redis-url", "redis-users.acl"),
    ("issuer-key.pem", "issuer-public.pem"),
    ("order-key.pem", "order-public.pem"),
)


def missing(folder: Path, names: set[str]) -> set[str]:
    """Return which files have to be made: those that are not there, and what belongs to them."""
    absent = {name for name in names if not (folder / name).exists()}
    return absent.union(*(group for group in TOGETHER if absent.intersection(group)))


def write(folder: Path) -> list[str]:
    """Make what is missing, readable for its owner alone; return the names of the files."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = secrets()
    names = sorted(missing(folder, set(made)))
    for name in names:
        (folder / name).unlink(missing_ok=True)
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(made[name])
    return names


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    print(f"{folder}: {len(write(folder))} files made")
