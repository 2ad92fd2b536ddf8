"""``python -m shop.product``."""

import sys

from shop.common.web import run
from shop.product.app import DEFAULTS, Config, create_app

if __name__ == "__main__":
    sys.exit(run("product", Config, DEFAULTS, create_app))
