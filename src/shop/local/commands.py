"""The command line: ``python -m shop up | down | status | peers | logs | seed | token | fetch``."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from functools import partial

from shop.local import logs, peers, token
from shop.local.errors import LocalError
from shop.local.fetch import find_or_fetch
from shop.local.foreground import stay
from shop.local.health import Status
from shop.local.home import Home
from shop.local.progress import Progress
from shop.local.seed import seed
from shop.local.server import Server
from shop.local.servers import SERVERS
from shop.local.service import SERVICES, Service
from shop.local.stack import Stack
from shop.local.table import hints, table
from shop.local.together import together

_SERVER_NAMES = tuple(server.name for server in SERVERS)
_INTERRUPTED = 130  # 128 + SIGINT, as shells count
_CLEAR = "\x1b[H\x1b[J"  # to the upper left corner, and nothing from there on (ECMA-48)
Command = Callable[[Stack, argparse.Namespace], Awaitable[int]]


def main(
    arguments: Sequence[str] | None = None,
    *,
    servers: Sequence[Server] = SERVERS,
    services: Sequence[Service] = SERVICES,
) -> int:
    """Run one command and return its exit code: 0, 1 if it failed, 2 for wrong usage."""
    parsed = _parser().parse_args(arguments)
    stack = Stack(Home.from_environment(), Progress(), servers=servers, services=services)
    try:
        return asyncio.run(_interruptible(parsed.command(stack, parsed)))
    except LocalError as error:
        print(f"shop: {error}", file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        print("shop: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        return 0


async def _interruptible(command: Awaitable[int]) -> int:
    """Let SIGINT, SIGTERM and SIGHUP cancel the command once, so that it can clean up."""
    task = asyncio.ensure_future(command)
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def cancel() -> None:
        for number in signals:
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, cancel)
    return await task


async def _up(stack: Stack, parsed: argparse.Namespace) -> int:
    if any(member.alive for member in stack.members()):
        print("The shop is up already; looking after it")
    await stack.up(parsed.instances, free_ports=parsed.free_ports)
    statuses = await stack.status()
    print(f"\n{table(statuses, _SERVER_NAMES)}\n\n{hints(statuses)}", flush=True)
    return await stay(stack) if parsed.foreground else 0


async def _down(stack: Stack, _: argparse.Namespace) -> int:
    stopped = await stack.down()
    print(f"Stopped {len(stopped)} processes" if stopped else "Nothing of the shop was running")
    return 0


async def _status(stack: Stack, parsed: argparse.Namespace) -> int:
    statuses = await stack.status()
    if parsed.json:
        print(json.dumps([asdict(status) for status in statuses], indent=2))
    elif statuses:
        print(f"{table(statuses, _SERVER_NAMES)}\n\n{hints(statuses)}")
    else:
        print("The shop is not up. Start it: python -m shop up")
    return 0 if statuses and all(status.health == "passing" for status in statuses) else 1


async def _peers(stack: Stack, parsed: argparse.Namespace) -> int:
    table = await peers.shown(stack.members())
    if parsed.once or not sys.stdout.isatty():
        print(table)
        return 0
    try:
        while True:
            print(f"{_CLEAR}{table}", flush=True)
            await asyncio.sleep(1)
            table = await _peers_now(stack)
    except asyncio.CancelledError:
        return 0


async def _peers_now(stack: Stack) -> str:
    try:
        return await peers.shown(stack.members())
    except LocalError as error:  # whoever looks on may be restarting it
        return str(error)


async def _logs(stack: Stack, parsed: argparse.Namespace) -> int:
    paths = logs.files(stack.home, parsed.service)
    for line in logs.last(paths, parsed.lines):
        print(line)
    if parsed.follow:
        try:
            async for line in logs.follow(paths):
                print(line, flush=True)
        except asyncio.CancelledError:
            return 0
    return 0


async def _seed(stack: Stack, _: argparse.Namespace) -> int:
    statuses = await stack.status()
    product, customer = _url(statuses, "product"), _url(statuses, "customer")
    for kind, seeded in (await seed(product, customer, token.staff_headers(stack.home))).items():
        print(f"{kind}: {seeded.created} put in, {seeded.present} were there")
    return 0


def _url(statuses: Sequence[Status], service: str) -> str:
    for status in statuses:
        if status.service == service and status.health == "passing":
            return status.url
    raise LocalError(f"No instance of {service} is passing. Start the shop: python -m shop up")


async def _token(stack: Stack, parsed: argparse.Namespace) -> int:
    print(token.token(stack.home, parsed))
    return 0


async def _fetch(stack: Stack, _: argparse.Namespace) -> int:
    show = Progress()
    await together(find_or_fetch(server.binary, stack.home, show) for server in SERVERS)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m shop",
        description="The whole shop on this machine.",
        epilog="SHOP_HOME: where state, data and logs are kept (.shop). SHOP_MONGO_URI, "
        "SHOP_REDIS_URL, SHOP_CONSUL_HTTP_ADDR: running servers to use instead of own ones.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    add = partial(_add, commands)
    up = add("up", _up, "start what is missing, wait until all is healthy")
    up.add_argument("--instances", type=_count, default=2, metavar="N", help="of each service (2)")
    up.add_argument("--foreground", action="store_true", help="stay; Ctrl-C stops everything")
    up.add_argument("--free-ports", action="store_true", help="take no usual port")
    add("down", _down, "stop what up started")
    status = add("status", _status, "show what runs; exit code 0 if all of it is passing")
    status.add_argument("--json", action="store_true", help="as a list of objects")
    watched = add("peers", _peers, "show what the services know of each other; Ctrl-C ends it")
    watched.add_argument("--once", action="store_true", help="print it once (no terminal: so too)")
    log = add("logs", _logs, "show what the servers and services print")
    log.add_argument("service", nargs="?", help="customer, customer-2, mongo, ... (all)")
    log.add_argument("-f", "--follow", action="store_true", help="go on until interrupted")
    log.add_argument("-n", "--lines", type=_count, default=40, metavar="N", help="of each (40)")
    add("seed", _seed, "put 50 products and 20 customers in")
    told = add("token", _token, "print a token to call the services with")
    token.add_options(told)
    add("fetch", _fetch, "find or fetch the servers' programs, start nothing")
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Command,
    meaning: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=meaning, description=meaning)
    parser.set_defaults(command=command)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return number
