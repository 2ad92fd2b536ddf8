"""py-consul over an aiohttp session that is shared, with no session or SSL context of its own."""

from collections.abc import Callable, Mapping
from ssl import SSLContext
from typing import Any, TypeVar

import aiohttp
import consul.base

T = TypeVar("T")
_Callback = Callable[[consul.base.Response], Any]
_Params = list[tuple[str, Any]] | None
_Headers = Mapping[str, str] | None


class _Transport(consul.base.HTTPClient):  # type: ignore[misc]  # py-consul is untyped
    """Sends what py-consul asks for, always with the token: some of its calls forget theirs."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, token: str | None, tls: SSLContext | None
    ) -> None:
        super().__init__()
        self.base_uri = url.rstrip("/")
        self._session = session
        self._tls = tls or True
        self._token = {"X-Consul-Token": token} if token else {}

    async def _send(
        self,
        method: str,
        callback: _Callback,
        path: str,
        params: _Params = None,
        data: str | bytes = "",
        headers: _Headers = None,
    ) -> Any:
        async with self._session.request(
            method,
            self.uri(path, params),
            data=data or None,
            headers={**(headers or {}), **self._token},
            ssl=self._tls,
        ) as answer:
            body = await answer.text(encoding="utf-8")
        return callback(consul.base.Response(answer.status, answer.headers, body))

    async def get(
        self, callback: _Callback, path: str, params: _Params = None, headers: _Headers = None
    ) -> Any:
        return await self._send("GET", callback, path, params, headers=headers)

    async def put(
        self,
        callback: _Callback,
        path: str,
        params: _Params = None,
        data: str | bytes = "",
        headers: _Headers = None,
    ) -> Any:
        return await self._send("PUT", callback, path, params, data, headers)

    async def delete(
        self,
        callback: _Callback,
        path: str,
        params: _Params = None,
        data: str | bytes = "",
        headers: _Headers = None,
    ) -> Any:
        return await self._send("DELETE", callback, path, params, data, headers)

    async def post(
        self,
        callback: _Callback,
        path: str,
        params: _Params = None,
        data: str | bytes = "",
        headers: _Headers = None,
    ) -> Any:
        return await self._send("POST", callback, path, params, data, headers)

    def close(self) -> None:
        """Leave the session open: it belongs to whoever made it."""


class SharedConsul(consul.base.Consul):  # type: ignore[misc]  # py-consul is untyped
    """The Consul API of py-consul, asynchronous: every call returns an awaitable.

    It raises consul.ConsulException and, unwrapped, what aiohttp raises; it has no timeouts.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: str | None,
        tls: SSLContext | None = None,
    ) -> None:
        self._transport = _Transport(session, url, token, tls)
        # Everything is said here, so that no CONSUL_... variable of the environment is looked at;
        # except for CONSUL_HTTP_TOKEN, which would come before any token that we are given.
        # The transport goes by its own address, so the one here is never asked.
        super().__init__("127.0.0.1", 8500, scheme="http", verify=True)
        self.token = None

    async def passing(
        self, service: str, query: list[tuple[str, str]], read: Callable[[consul.base.Response], T]
    ) -> T:
        """Ask for a service's health as ``health.service`` does, which knows no ``stale``."""
        answer: T = await self._transport.get(read, f"/v1/health/service/{service}", query)
        return answer

    def http_connect(self, *_args: object, **_kwargs: object) -> _Transport:
        """Return the transport; py-consul's own idea of the address is not needed."""
        return self._transport
