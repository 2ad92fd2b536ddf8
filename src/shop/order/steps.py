"""The steps, each as what it asks of the peers and what the answer makes of the order.

A step never raises: where the outcome is not known it gives a Failure, and is taken again later.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

import structlog

from shop.common import spans
from shop.common.clock import Clock
from shop.common.errors import ShopError
from shop.order import life, measures, progress, reasons
from shop.order.config import OrderConfig
from shop.order.model import Line, Offer, Order, Reason, Standing, Step
from shop.order.progress import Failure

T = TypeVar("T")
Change = Callable[..., Order]  # (order, now) -> order: what the answer makes of the order

log = structlog.get_logger()


class Product(Protocol):
    """What orders ask of product. Each call raises where the outcome is not known."""

    async def reserve(
        self, order_id: str, lines: Sequence[Line], ttl_s: int, timeout_s: float
    ) -> Offer | Reason:
        """Reserve all lines for the order or none; return a reason if that is impossible."""

    async def commit(self, order_id: str, timeout_s: float) -> Reason | None:
        """Sell what is reserved; return a reason if nothing is and nothing will be."""

    async def release(self, order_id: str, timeout_s: float) -> None:
        """Put back what is reserved or sold, and refuse this order's id from now on."""


class Customer(Protocol):
    """What orders ask of customer. Each call raises where the outcome is not known."""

    async def link(self, order: Order, timeout_s: float) -> Standing:
        """Show the order to its customer; one shown in a later version stays as it is."""

    async def unlink(self, order: Order, timeout_s: float) -> None:
        """Stop showing it, and refuse its id from now on."""


class Steps:
    """Takes single steps; writes nothing."""

    def __init__(
        self, product: Product, customer: Customer, config: OrderConfig, clock: Clock
    ) -> None:
        self._product = product
        self._customer = customer
        self._config = config
        self._now = clock
        self._steps: dict[Step, Callable[[Order, float], Awaitable[Change]]] = {
            Step.PLACE: self._place,
            Step.LINK: self._link,
            Step.COMMIT: self._commit,
            Step.RELEASE: self._release,
            Step.UNLINK: self._unlink,
            Step.CANCEL_UNPAID: self._cancel_unpaid,
            Step.PURGE: self._purge,
        }

    async def take(self, step: Step, order: Order, timeout_s: float) -> Change | Failure:
        """Take one step, and return what it makes of the order or why it could not be done."""
        began_s = monotonic()
        with spans.span(f"step {step}", attributes={"shop.order.id": order.id}) as span:
            result = await _outcome(self._steps[step](order, timeout_s))
            if isinstance(result, Exception):
                span.tell(error=type(result).__name__)
        measures.taken(step, began_s, failed=isinstance(result, Exception))
        if not isinstance(result, Exception):
            return result
        bug = None if isinstance(result, ShopError) else result
        log.warning("step failed", order=order.id, step=step, error=_told(result), exc_info=bug)
        return Failure(step, _told(result))

    async def _place(self, order: Order, timeout_s: float) -> Change:
        """Reserve, then link as what comes of that, and decide.

        One after the other, so that the customer is told once; and the customer comes last, whose
        word is true for as long as the link is there.
        """
        ttl_s, unpaid_after = self._config.reservation_ttl_s, self._config.unpaid_after
        offer = await _outcome(self._product.reserve(order.id, order.lines, ttl_s, timeout_s))
        given = None if isinstance(offer, Exception) else offer
        hoped = life.decide(order, Standing.ACTIVE, given, self._now(), unpaid_after)
        standing = await _outcome(self._show(life.foreseen(order, hoped), timeout_s))
        told = None if isinstance(standing, Exception) else standing
        decided = hoped
        if told is not Standing.ACTIVE:
            decided = life.decide(order, told, given, self._now(), unpaid_after)
        if decided is None:
            raise next(a for a in (standing, offer) if isinstance(a, Exception))
        return lambda _order, _now: decided

    async def _show(self, order: Order, timeout_s: float) -> Standing:
        """Link the order as it is now, or is to be.

        An earlier attempt may have died after it wrote the link and before it saw that there is no
        such customer, or may still be on its way. So where there is none, the link is taken away.
        """
        standing = await self._customer.link(order, timeout_s)
        if standing is Standing.UNKNOWN:
            await self._customer.unlink(order, timeout_s)
        return standing

    async def _link(self, order: Order, timeout_s: float) -> Change:
        standing = await self._show(order, timeout_s)
        if standing is Standing.UNKNOWN:
            return progress.customer_gone
        if standing is Standing.UNLINKED:
            return progress.unlinked_there
        return partial(progress.linked, status=order.status)

    async def _commit(self, order: Order, timeout_s: float) -> Change:
        refusal = await self._product.commit(order.id, timeout_s)
        return partial(progress.commit_refused, reason=refusal) if refusal else progress.committed

    async def _release(self, order: Order, timeout_s: float) -> Change:
        await self._product.release(order.id, timeout_s)
        return progress.released

    async def _unlink(self, order: Order, timeout_s: float) -> Change:
        await self._customer.unlink(order, timeout_s)
        return progress.unlinked

    async def _cancel_unpaid(self, _order: Order, _timeout_s: float) -> Change:
        return partial(life.cancel, reason=reasons.UNPAID)

    async def _purge(self, _order: Order, _timeout_s: float) -> Change:
        return lambda order, _now: order  # the saga deletes what has only this left


async def _outcome(call: Awaitable[T]) -> T | Exception:
    try:
        return await call
    except Exception as error:
        return error


def _told(error: Exception) -> str:
    """Return what the timeline may say: never the text of an error that was not foreseen."""
    return error.detail if isinstance(error, ShopError) else f"unexpected {type(error).__name__}"
