"""The use cases over stores in memory, and these stores against the suite that MongoDB passes."""

from tests.fakes.product.suites.adjustments import *  # noqa: F403
from tests.fakes.product.suites.catalogue import *  # noqa: F403
from tests.fakes.product.suites.movements import *  # noqa: F403
from tests.fakes.product.suites.reservations import *  # noqa: F403
from tests.fakes.product.suites.sweeper import *  # noqa: F403
from tests.fakes.product.suites.takes import *  # noqa: F403
