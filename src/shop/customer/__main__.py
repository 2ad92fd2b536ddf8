"""``python -m shop.customer``."""

import sys

from shop.common.web import run
from shop.customer.app import DEFAULTS, Config, create_app

if __name__ == "__main__":
    sys.exit(run("customer", Config, DEFAULTS, create_app))
