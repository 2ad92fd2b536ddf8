"""What ``python -m shop.order`` does beside serving: ``pending`` and ``reconcile``."""

import sys

from shop.common import auth, discovery, mongo
from shop.common.clock import now
from shop.common.errors import ShopError
from shop.common.peer import PeerError
from shop.common.web import Command
from shop.common.web.command import Flags
from shop.order.app import NAME, Config
from shop.order.backlog import Backlog, MongoBacklog
from shop.order.intake import MongoIntake
from shop.order.model import Order
from shop.order.reconcile.listing import Shop, UnexpectedAnswer
from shop.order.reconcile.run import Reconciler

_SHOWN = 50


async def pending(config: Config, _given: Flags) -> int:
    """Print what remains to be done, by step and then the orders that have waited longest.

    Exit code 0: nothing waits; 1: something does; 2: the database is away.
    """
    async with mongo.opened(config.mongo, wait=False) as database:
        intake = MongoIntake(database["intake"], database["orders"])
        remaining = MongoBacklog(database["orders"], intake)
        try:
            backlog = await remaining.backlog(now())
            waiting = await remaining.waiting(now(), _SHOWN)
        except ShopError as error:
            return _fail(f"cannot tell: {error.detail}", 2)
    for step in backlog:
        if step.count:
            sys.stdout.write(_step_line(step))
    for order in waiting:
        sys.stdout.write(_order_line(order))
    if not waiting:
        sys.stdout.write("nothing waits\n")
    return 1 if waiting else 0


def _step_line(step: Backlog) -> str:
    age = _age(step)
    return f"{step.step:<14} {step.count:>7} waiting{f', the first for {age}' if age else ''}\n"


def _age(step: Backlog) -> str:
    return str(now() - step.oldest).partition(".")[0] if step.oldest else ""


def _order_line(order: Order) -> str:
    if order.work is None:
        return ""
    waited = str(now() - order.work.since).partition(".")[0]
    steps = ", ".join(order.work.steps)
    error = f"; last: {order.work.last_error}" if order.work.last_error else ""
    tried = f"for {waited}, tried {order.work.attempts}x{error}"
    return f"{order.id}  {order.status:<10} {steps}  {tried}\n"


async def reconcile(config: Config, given: Flags) -> int:
    """Compare the three services; exit code 0: they agree; 1: they do not; 2: cannot be told."""
    discovery.check(config.consul)
    own = auth.credentials(NAME, config.auth)
    async with discovery.opened(config.consul, None, config.tls, own) as peers:
        shop = Shop(peers.client)
        work = Reconciler(shop, fix=given.fix, out=sys.stdout, progress=sys.stderr)
        try:
            tally = await work.run()
        except* (PeerError, UnexpectedAnswer) as errors:
            return_code = _fail(f"cannot compare: {errors.exceptions[0]}", 2)
        else:
            sys.stdout.write(
                f"{tally.compared} orders compared, {tally.found} disagreements, "
                f"{tally.repaired} repaired\n"
            )
            return_code = 1 if tally.left else 0
    return return_code


def _fail(reason: str, code: int) -> int:
    sys.stderr.write(f"shop.order: {reason}\n")
    return code


COMMANDS = {
    "pending": Command("show what remains to be done for orders, and for how long", pending),
    "reconcile": Command(
        "compare orders, reservations and customerOrders; exit code 1 while they disagree",
        reconcile,
        {"--fix": "repair what has one right answer"},
    ),
}
