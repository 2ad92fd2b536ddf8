"""The package can be taken into another project: it needs nothing else of this one."""

import ast
import sys
from pathlib import Path

from shop.common import peer

ALLOWED = {
    *sys.stdlib_module_names,
    "aiohttp",
    "multidict",
    "orjson",
    "prometheus_client",
    "structlog",
    "yarl",
}


def test_imports_only_itself_the_standard_library_and_six_packages():
    found: set[str] = set()
    for path in Path(peer.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                assert node.level <= 1, f"{path.name} imports from above"
                found |= {(node.module or "").partition(".")[0]} if not node.level else set()
    assert {"aiohttp", "orjson"} < found <= ALLOWED


def test_every_public_name_is_there():
    assert all(hasattr(peer, name) for name in peer.__all__)
