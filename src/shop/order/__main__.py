"""``python -m shop.order``, ``python -m shop.order pending`` and ``... reconcile``."""

import sys

from shop.common.web import run
from shop.order.app import DEFAULTS, Config, create_app
from shop.order.commands import COMMANDS

if __name__ == "__main__":
    sys.exit(run("order", Config, DEFAULTS, create_app, COMMANDS))
