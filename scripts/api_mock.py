"""Answer from the three Swagger files, without any service: `make api-mock`. Ctrl-C stops it.

Needs Node.js; Prism comes from npm. In Swagger 2.0 media types belong to an operation, so Prism
would answer with problems as `application/json`, and it leaves out `basePath`. Therefore it is
given copies in OpenAPI 3, where a media type belongs to a response, with whole paths.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

PRISM = "@stoplight/prism-cli@5.14.2"  # later ones need Node.js 24
PORTS = {"customer": 4011, "product": 4012, "order": 4013}
SOURCE = Path(__file__).resolve().parent.parent / "src" / "shop"
ABOUT_A_PARAMETER = {"name", "in", "required", "description", "x-example", "collectionFormat"}
PROBLEM = "application/problem+json"

Json = dict[str, Any]


def openapi3(swagger: Json) -> Json:
    """Return the same API as an OpenAPI 3 document."""
    return {
        "openapi": "3.0.3",
        "info": swagger["info"],
        "paths": {
            swagger["basePath"] + path: {
                method: _operation(swagger, item, item[method])
                for method in item.keys() - {"parameters"}
            }
            for path, item in swagger["paths"].items()
        },
        "components": {"schemas": _schema(swagger["definitions"])},
    }


def _operation(swagger: Json, item: Json, operation: Json) -> Json:
    refs = [*item.get("parameters", []), *operation.get("parameters", [])]
    parameters = [_resolve(swagger, ref) for ref in refs]
    bodies = [parameter for parameter in parameters if parameter["in"] == "body"]
    consumes = operation.get("consumes") or swagger["consumes"]
    result: Json = {
        "operationId": operation["operationId"],
        "parameters": [_parameter(p) for p in parameters if p["in"] != "body"],
        "responses": {
            status: _response(status, _resolve(swagger, response))
            for status, response in operation["responses"].items()
        },
    }
    for body in bodies:
        content = {media_type: {"schema": _schema(body["schema"])} for media_type in consumes}
        result["requestBody"] = {"required": True, "content": content}
    return result


def _parameter(parameter: Json) -> Json:
    schema = {key: value for key, value in parameter.items() if key not in ABOUT_A_PARAMETER}
    described: Json = {
        "name": parameter["name"],
        "in": parameter["in"],
        "required": parameter.get("required", False),
        "schema": schema,
    }
    if parameter.get("collectionFormat") == "csv":
        described |= {"style": "form", "explode": False}
    return described


def _response(status: str, response: Json) -> Json:
    media_type = PROBLEM if status == "default" or status >= "400" else "application/json"
    described: Json = {"description": response["description"], "headers": {}}
    for name, header in response.get("headers", {}).items():
        described["headers"][name] = {"schema": _schema(header)}
    if "schema" in response:
        content: Json = {"schema": _schema(response["schema"])}
        if media_type in response.get("examples", {}):
            content["example"] = response["examples"][media_type]
        described["content"] = {media_type: content}
    return described


def _schema(node: Any) -> Any:
    """Return a schema (or a part of one) in OpenAPI 3's words."""
    if isinstance(node, list):
        return [_schema(part) for part in node]
    if not isinstance(node, dict):
        return node
    renamed = {"nullable" if key == "x-nullable" else key: _schema(node[key]) for key in node}
    if isinstance(node.get("$ref"), str):
        renamed["$ref"] = node["$ref"].replace("#/definitions/", "#/components/schemas/")
    return renamed


def _resolve(swagger: Json, node: Json) -> Json:
    """Return the shared parameter or response that a reference names (or the node itself)."""
    if "$ref" not in node:
        return node
    _, room, name = node["$ref"].split("/")
    resolved: Json = swagger[room][name]
    return resolved


def main() -> int:
    """Run one Prism per service until a signal comes or one of them ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    prisms: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            # Fetched once before: three at a time would fetch it into the same place.
            subprocess.run([*_npx(), "--version"], check=True, stdout=subprocess.DEVNULL)
            prisms += [_start(Path(folder), service) for service in PORTS]
            os.wait()
            print("A mock server ended by itself, so all are stopped.", file=sys.stderr)
        except KeyboardInterrupt:
            return 0
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"Prism does not run ({error}). It needs Node.js with npx.", file=sys.stderr)
        finally:
            for prism in prisms:
                _stop(prism)
    return 1


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _npx() -> list[str]:
    return ["npx", "--yes", f"--package={PRISM}", "--", "prism"]


def _start(folder: Path, service: str) -> subprocess.Popen[bytes]:
    swagger = yaml.safe_load((SOURCE / service / "swagger.yaml").read_text("utf-8"))
    copy = folder / f"{service}.json"
    copy.write_text(json.dumps(openapi3(swagger)), "utf-8")
    print(f"{service}: http://127.0.0.1:{PORTS[service]}{swagger['basePath']}", flush=True)
    command = [*_npx(), "mock", "--port", str(PORTS[service]), str(copy)]
    return subprocess.Popen(command, start_new_session=True)


def _stop(prism: subprocess.Popen[bytes]) -> None:
    """Stop npx and the Prism below it: they are a process group of their own."""
    try:
        os.killpg(prism.pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    prism.wait()


if __name__ == "__main__":
    sys.exit(main())
