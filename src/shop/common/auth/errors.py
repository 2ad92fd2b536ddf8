"""Why a caller is not let in, as it is told (RFC 6750, section 3)."""

from collections.abc import Iterable

from shop.common.errors import Forbidden, Unauthenticated

_REALM = 'Bearer realm="shop"'


class NoToken(Unauthenticated):
    """The operation is not for everybody, and the request shows no token."""

    challenge = _REALM

    def __init__(self) -> None:
        super().__init__("Send a token: Authorization: Bearer <token>.")


class InvalidToken(Unauthenticated):
    """The token is not one that is taken here, or no longer; ``reason`` holds nothing of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The token is not valid: {reason}.")
        self.challenge = f'{_REALM}, error="invalid_token", error_description="{reason}"'


class InsufficientScope(Forbidden):
    """The caller is known, but may not do this; ``scopes`` would do."""

    code = "insufficient-scope"
    title = "The token does not allow this"

    def __init__(self, detail: str, scopes: Iterable[str] = ()) -> None:
        super().__init__(detail)
        named = " ".join(sorted(scopes))
        scope = f', scope="{named}"' if named else ""
        self.challenge = f'{_REALM}, error="insufficient_scope"{scope}'
