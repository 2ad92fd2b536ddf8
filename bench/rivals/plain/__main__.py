"""Runs one of the services, on uvloop."""

import os
import sys
from importlib import import_module

import uvloop
from aiohttp import web


def main() -> None:
    service = import_module(f"bench.rivals.plain.{sys.argv[1]}")
    web.run_app(
        service.app(),
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        loop=uvloop.new_event_loop(),
        access_log=None,
        print=None,
    )


if __name__ == "__main__":
    main()
