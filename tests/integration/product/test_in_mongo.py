"""The use cases over MongoDB, and its stores against the suite that those in memory pass."""

from tests.unit.product.suites.adjustments import *  # noqa: F403
from tests.unit.product.suites.catalogue import *  # noqa: F403
from tests.unit.product.suites.movements import *  # noqa: F403
from tests.unit.product.suites.reservations import *  # noqa: F403
from tests.unit.product.suites.sweeper import *  # noqa: F403
