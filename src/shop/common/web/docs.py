"""The spec, and Swagger UI to read it with, served without any network."""

from collections.abc import Mapping
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from shop.common.web.spec import Spec

# Found, not imported: only its files are needed, and what it imports are 2 MB.
_PACKAGE = find_spec("swagger_ui")
_ASSETS = Path(_PACKAGE.origin or "").parent / "static" if _PACKAGE else Path()
_SHOWN = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script>
function named(request) {{  /* "Authorize" takes the token alone, or with the word before it */
  const shown = request.headers.Authorization;
  if (shown && !/^bearer /i.test(shown)) request.headers.Authorization = `Bearer ${{shown}}`;
  return request;
}}
const ui = SwaggerUIBundle({{
  url: "/docs/swagger.json", dom_id: "#swagger-ui", deepLinking: true, requestInterceptor: named,
}});
</script>
</body>
</html>
"""


def add_docs(app: web.Application, spec: Spec) -> None:
    """Serve the spec at /swagger.json, and Swagger UI at /docs."""
    document, to_try = orjson.dumps(spec.document), orjson.dumps(with_one_token(spec.document))
    page = _PAGE.format(title=escape(spec.document["info"]["title"]))

    async def swagger_json(_: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json")

    async def swagger_json_to_try(_: web.Request) -> web.Response:
        return web.Response(body=to_try, content_type="application/json")

    async def docs(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    async def asset(request: web.Request) -> web.FileResponse:
        name = request.match_info["name"]
        if name not in _SHOWN:
            raise web.HTTPNotFound
        return web.FileResponse(_ASSETS / name)

    app.router.add_get("/swagger.json", swagger_json)
    app.router.add_get("/docs", docs)
    app.router.add_get("/docs/swagger.json", swagger_json_to_try)
    app.router.add_get("/docs/{name}", asset)


def with_one_token(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec as Swagger UI is given it: "Authorize" takes a token, whoever gave it out.

    For OAuth it would lead to the identity provider, and leave no place for a token that is there.
    """
    paths = {path: _asking(item) for path, item in document["paths"].items()}
    return {**document, "securityDefinitions": {"token": _token(document)}, "paths": paths}


def _asking(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operations of a path, each of which asks for the token if it is not for all."""
    shown = dict(item)
    for method, operation in item.items():
        if isinstance(operation, Mapping) and operation.get("security"):
            shown[method] = {**operation, "security": [{"token": []}]}
    return shown


def _token(document: Mapping[str, Any]) -> dict[str, Any]:
    staff = document.get("securityDefinitions", {}).get("staff", {"scopes": {}})
    scopes = [f"`{name}`: {meaning}" for name, meaning in staff["scopes"].items()]
    said = ["The token of a shopper, of staff or of a service. The scopes of staff are:", *scopes]
    place = {"type": "apiKey", "in": "header", "name": "Authorization"}
    return {**place, "description": "\n\n".join(said)}
