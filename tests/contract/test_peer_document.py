"""docs/peer.md names every option of the public face, with the default that it has."""

import re
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path

from shop.common import peer

DOCUMENT = Path(__file__).parents[2] / "docs/peer.md"
_ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| `(.+?)` \|", re.MULTILINE)


def _options():
    for name in peer.__all__:
        face = getattr(peer, name)
        if is_dataclass(face) and (name.endswith("Options") or name == "Registration"):
            for field in fields(face):
                if field.default is not MISSING:
                    yield name, field.name, repr(field.default)
                elif field.default_factory is not MISSING:
                    yield name, field.name, _made(field.default_factory())


def _made(value):
    return f"{type(value).__name__}()" if is_dataclass(value) else repr(value)


def test_every_option_stands_there_with_its_default_and_no_other():
    assert sorted(_ROW.findall(DOCUMENT.read_text("utf-8"))) == sorted(_options())
