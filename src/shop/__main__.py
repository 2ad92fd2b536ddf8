"""``python -m shop``: the whole shop on this machine."""

import os
import sys

if os.name != "posix":
    sys.exit("shop: `python -m shop` needs Linux or macOS (on Windows: WSL)")

from shop.local.commands import main

if __name__ == "__main__":
    sys.exit(main())
