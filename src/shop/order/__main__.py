"""``python -m shop.order``."""

import sys

from shop.common.web import run
from shop.order.app import DEFAULTS, Config, create_app

if __name__ == "__main__":
    sys.exit(run("order", Config, DEFAULTS, create_app))
