"""The spec, and Swagger UI to read it with, served without any network."""

from html import escape
from importlib.util import find_spec
from pathlib import Path

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
<script>SwaggerUIBundle({{url: "/swagger.json", dom_id: "#swagger-ui", deepLinking: true}})</script>
</body>
</html>
"""


def add_docs(app: web.Application, spec: Spec) -> None:
    """Serve the spec at /swagger.json, and Swagger UI at /docs."""
    document = orjson.dumps(spec.document)
    page = _PAGE.format(title=escape(spec.document["info"]["title"]))

    async def swagger_json(_: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json")

    async def docs(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    async def asset(request: web.Request) -> web.FileResponse:
        name = request.match_info["name"]
        if name not in _SHOWN:
            raise web.HTTPNotFound
        return web.FileResponse(_ASSETS / name)

    app.router.add_get("/swagger.json", swagger_json)
    app.router.add_get("/docs", docs)
    app.router.add_get("/docs/{name}", asset)
