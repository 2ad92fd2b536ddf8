"""The use cases over MongoDB, and its stores against the suite that those in memory pass."""

from tests.fakes.product.suites.adjustments import *  # noqa: F403
from tests.fakes.product.suites.catalogue import *  # noqa: F403
from tests.fakes.product.suites.movements import *  # noqa: F403
from tests.fakes.product.suites.reservations import *  # noqa: F403
from tests.fakes.product.suites.sweeper import *  # noqa: F403
from tests.fakes.product.suites.takes import *  # noqa: F403
