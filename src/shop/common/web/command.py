"""``python -m shop.<service>``: flags and variables in, an exit code out."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiohttp import web

from shop.common import log, otlp
from shop.common.config import ServiceConfig
from shop.common.errors import CannotStart
from shop.common.settings import ConfigError, Defaults, add_flags, apply_flags, load
from shop.common.web import log_level
from shop.common.web.life import serve
from shop.common.web.workers import run_workers

C = TypeVar("C", bound=ServiceConfig)
Flags = argparse.Namespace


@dataclass(frozen=True)
class Command(Generic[C]):
    """Something else that ``python -m shop.<service> <name>`` does, and returns an exit code."""

    meaning: str
    work: Callable[[C, Flags], Coroutine[Any, Any, int]]
    switches: Mapping[str, str] = field(default_factory=dict)


def run(
    name: str,
    kind: type[C],
    defaults: Defaults,
    create_app: Callable[[C], web.Application],
    commands: Mapping[str, Command[C]] | None = None,
    arguments: Sequence[str] | None = None,
) -> int:
    """Run a service until it is told to stop, or one of its commands; return the exit code.

    0: told to stop. 1: it could not go on. 2: the configuration or the command line is wrong.
    """
    commands = commands or {}
    given = _parser(name, kind, defaults, commands).parse_args(arguments)
    apply_flags(given)
    try:
        config = load(kind, defaults)
        log.configure(config.log)
        log_level.ignore()
        command = commands.get(getattr(given, "command", None) or "")
        if config.http.workers > 1 and not command:
            return run_workers(name, config.http.workers)
        work = command.work(config, given) if command else _serve(name, config, create_app(config))
    except ConfigError as error:
        return _complain(name, error, 2)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(work)
    except CannotStart as error:
        return _complain(name, error, 1)
    except ConfigError as error:  # what shows only where it is used: an address of a server
        return _complain(name, error, 2)


async def _serve(name: str, config: C, app: web.Application) -> int:
    with otlp.exporting(name):
        await serve(name, config, app)
    return 0


def _parser(
    name: str, kind: type[C], defaults: Defaults, commands: Mapping[str, Command[C]]
) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"python -m shop.{name}", description=f"The {name} service.")
    add_flags(parser, kind, defaults)
    if commands:
        chosen = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
        for word, command in commands.items():
            sub = chosen.add_parser(word, help=command.meaning, description=command.meaning)
            for switch, meaning in command.switches.items():
                sub.add_argument(switch, action="store_true", help=meaning)
            add_flags(sub, kind, defaults)
    return parser


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for every platform
        return None
    return uvloop.new_event_loop


def _complain(name: str, error: Exception, code: int) -> int:
    sys.stderr.write(f"shop.{name}: {error}\n")
    return code
