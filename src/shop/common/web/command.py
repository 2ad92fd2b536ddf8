"""``python -m shop.<service>``: flags and variables in, an exit code out."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from aiohttp import web

from shop.common import log
from shop.common.config import ServiceConfig
from shop.common.settings import ConfigError, Defaults, add_flags, apply_flags, load
from shop.common.web.life import CannotListen, serve

C = TypeVar("C", bound=ServiceConfig)


def run(
    name: str,
    kind: type[C],
    defaults: Defaults,
    create_app: Callable[[C], web.Application],
    arguments: Sequence[str] | None = None,
) -> int:
    """Run a service until it is told to stop, and return its exit code.

    0: told to stop. 1: it could not go on. 2: the configuration or the command line is wrong.
    """
    parser = argparse.ArgumentParser(f"python -m shop.{name}", description=f"The {name} service.")
    add_flags(parser, kind, defaults)
    apply_flags(parser.parse_args(arguments))
    try:
        config = load(kind, defaults)
        log.configure(config.log)
        app = create_app(config)
    except ConfigError as error:
        return _complain(name, error, 2)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serve(name, config, app))
    except CannotListen as error:
        return _complain(name, error, 1)
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for every platform
        return None
    return uvloop.new_event_loop


def _complain(name: str, error: Exception, code: int) -> int:
    sys.stderr.write(f"shop.{name}: {error}\n")
    return code
