"""``python -m shop.probe``: is the service that listens here ready? Exit code 0: yes; 1: no.

For containers, which have no curl. It is run every few seconds, so it imports next to nothing.
"""

import os
import socket
import sys

_TIMEOUT_S = 2.0
_REQUEST = b"GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n"


def ready(port: int, *, tls: bool = False) -> bool:
    """Say whether the service at a port of this machine answers that it is ready."""
    try:
        plain = socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)
        with _wrapped(plain) if tls else plain as connection:
            connection.sendall(_REQUEST)
            return connection.makefile("rb").readline().split()[1:2] == [b"200"]
    except OSError:
        return False


def _wrapped(plain: socket.socket) -> socket.socket:
    """Return the connection under TLS; who answers on this machine's own port is not in doubt."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain)


if __name__ == "__main__":
    tls = bool(os.environ.get("SHOP_TLS_CERT"))
    sys.exit(0 if ready(int(os.environ["SHOP_HTTP_PORT"]), tls=tls) else 1)
