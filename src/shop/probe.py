"""``python -m shop.probe``: is the service that listens here ready? Exit code 0: yes; 1: no.

For containers, which have no curl. It is run every few seconds, so it imports next to nothing.
"""

import os
import socket
import sys

_TIMEOUT_S = 2.0
_REQUEST = b"GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n"


def ready(port: int) -> bool:
    """Say whether the service at a port of this machine answers that it is ready."""
    try:
        with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as connection:
            connection.sendall(_REQUEST)
            return connection.makefile("rb").readline().split()[1:2] == [b"200"]
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if ready(int(os.environ["SHOP_HTTP_PORT"])) else 1)
