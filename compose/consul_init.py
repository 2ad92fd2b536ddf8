"""Gives Consul its policies, and each service a token that may do what its policy says.

It may be run again at any time: policies and tokens become what the files say.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

CONSUL = "http://consul:8500/v1/acl"
POLICIES = Path("/consul/policies")
SECRETS = Path("/run/secrets")
ANONYMOUS = "00000000-0000-0000-0000-000000000002"
_TOKENS = ("agent", "customer", "product", "order")
_WITHIN_S = 60


def main() -> None:
    """Write the policies, then the tokens that refer to them."""
    known = {policy["Name"]: policy["ID"] for policy in patiently("GET", "policies")}
    for file in sorted(POLICIES.glob("*.hcl")):
        policy = {"Name": file.stem, "Rules": file.read_text()}
        which = f"/{known[file.stem]}" if file.stem in known else ""
        ask("PUT", f"policy{which}", policy)
        say(f"policy {file.stem}")
    ask("PUT", f"token/{ANONYMOUS}", {"Policies": [{"Name": "anonymous"}]})
    there = {token.get("Description"): token["AccessorID"] for token in ask("GET", "tokens")}
    for name in _TOKENS:
        write_token(name, there.get(name))


def write_token(name: str, accessor: str | None) -> None:
    """Make a token, or bring the one that is there up to date."""
    token = {
        "Description": name,
        "SecretID": secret(f"{name}-consul-token"),
        "Policies": [{"Name": name}],
    }
    if accessor and ask("GET", f"token/{accessor}")["SecretID"] != token["SecretID"]:
        ask("DELETE", f"token/{accessor}")  # the secret of a token cannot be changed
        accessor = None
    if accessor:
        ask("PUT", f"token/{accessor}", {**token, "AccessorID": accessor})
    else:
        ask("PUT", "token", token)
    say(f"token {name}")


def patiently(method: str, path: str) -> Any:
    """Ask until ACLs are ready, which is some time after the leader is; exit when time is up."""
    deadline = time.monotonic() + _WITHIN_S
    while True:
        try:
            return ask(method, path)
        except OSError as error:
            if time.monotonic() > deadline:
                sys.exit(f"not within {_WITHIN_S} s: {path}; last: {error}")
        time.sleep(0.2)


def ask(method: str, path: str, body: Any = None) -> Any:
    """Return what Consul answers; raise OSError for a refusal, with its reason."""
    request = urllib.request.Request(
        f"{CONSUL}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-Consul-Token": secret("consul-management-token")},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise OSError(f"{method} {path}: {error.code} {error.read().decode().strip()}") from None


def secret(name: str) -> str:
    """Return a secret."""
    return (SECRETS / name).read_text().strip()


def say(what: str) -> None:
    """Tell, at once, what was done."""
    sys.stdout.write(what + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
