"""Settings: dataclass fields that are read from ``SHOP_...`` variables.

A field made by ``setting`` says which variable it comes from, what it means and its default; the
command line's ``--help``, the flags and the reading of the environment all follow from that.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, field, fields
from typing import Any, TypeVar, get_type_hints

from environs import EnvError, FileAwareEnv

C = TypeVar("C")
Check = Callable[[Any], Any]
Defaults = Mapping[str, Any]


class ConfigError(Exception):
    """A variable or a flag holds what it must not; the message is one line that names it."""


def setting(
    variable: str,
    default: Any,
    meaning: str,
    *,
    flag: str | None = None,
    secret: bool = False,
    check: Check | None = None,
) -> Any:
    """Declare a dataclass field that is read from ``variable`` (or ``flag``, which comes first)."""
    about = {
        "variable": variable,
        "meaning": meaning,
        "flag": flag,
        "secret": secret,
        "check": check,
    }
    return field(default=default, repr=not secret, metadata=about)


def load(kind: type[C], defaults: Defaults | None = None) -> C:
    """Read a configuration from the environment; ``defaults`` (by variable) are the service's own.

    A secret may also stand in a file that ``<variable>_FILE`` names. Raises ConfigError for a
    value that cannot be read or is out of bounds.
    """
    concerns = get_type_hints(kind)
    return kind(**{name: _read(concern, defaults or {}) for name, concern in concerns.items()})


def _read(concern: type[Any], defaults: Defaults) -> Any:
    types = get_type_hints(concern)
    return concern(**{f.name: _value(f, types[f.name], defaults) for f in fields(concern)})


def _value(declared: Field[Any], kind: Any, defaults: Defaults) -> Any:
    about, env = declared.metadata, FileAwareEnv(strip_whitespace=True)
    parsers: dict[Any, Callable[..., Any]]
    parsers = {int: env.int, float: env.float, bool: env.bool, str: env.str}
    read = parsers.get(kind, env.list)
    default = defaults.get(about["variable"], declared.default)
    try:
        value = read(about["variable"], default, validate=about["check"])
    except (EnvError, ValueError, OSError) as error:
        raise ConfigError(_complaint(about, str(error))) from None
    return tuple(filter(None, map(str.strip, value))) if read == env.list else value


def _complaint(about: Mapping[str, Any], reason: str) -> str:
    reason = (reason.partition("invalid: ")[2] or reason).strip("[]'.")
    given = os.environ.get(about["variable"])
    shown = f" (given: {given!r})" if given is not None and not about["secret"] else ""
    return f"{about['variable']}: {reason}{shown}. It is: {about['meaning']}."


def add_flags(parser: argparse.ArgumentParser, kind: type[Any], defaults: Defaults) -> None:
    """Add a configuration's flags to a parser, and list every variable below its help."""
    known = list(settings(kind, defaults))
    width = max(len(about["variable"]) for about, _ in known)
    secrets = ", ".join(about["variable"] for about, _ in known if about["secret"])
    lines = []
    for about, default in known:
        meaning = f"{about['meaning']} (default: {_shown(default)})"
        if about["flag"]:
            meaning_there = f"{about['meaning']} [{about['variable']}]"
            parser.add_argument(
                about["flag"],
                dest=about["variable"],
                default=argparse.SUPPRESS,
                metavar="VALUE",
                help=meaning_there,
            )
        lines.append(f"  {about['variable']:<{width}}  {meaning}")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    lines.append(f"a secret may stand in a file that <variable>_FILE names: {secrets}")
    parser.epilog = "environment variables (a flag comes before its variable):\n" + "\n".join(lines)


def apply_flags(given: argparse.Namespace) -> None:
    """Put the flags that were given into the environment, where ``load`` finds them first."""
    for variable, value in vars(given).items():
        if variable.startswith("SHOP_") and value is not None:
            os.environ[variable] = value
            os.environ.pop(f"{variable}_FILE", None)


def settings(kind: type[Any], defaults: Defaults) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Return what is known about every setting of a configuration, with its default."""
    for concern in get_type_hints(kind).values():
        for declared in fields(concern):
            about = declared.metadata
            yield about, defaults.get(about["variable"], declared.default)


def _shown(default: object) -> str:
    return "none" if default in ("", ()) else str(default)
