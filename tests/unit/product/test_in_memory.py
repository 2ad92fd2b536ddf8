"""The use cases over stores in memory, and these stores against the suite that MongoDB passes."""

from tests.unit.product.suites.adjustments import *  # noqa: F403
from tests.unit.product.suites.catalogue import *  # noqa: F403
from tests.unit.product.suites.movements import *  # noqa: F403
from tests.unit.product.suites.reservations import *  # noqa: F403
from tests.unit.product.suites.sweeper import *  # noqa: F403
