"""The stack with compose/tls.yml: all show who they are, and who does not is not answered."""

import json
import urllib.request
from urllib.parse import urlencode

import pytest
from tests.asking import Api, add_customer, add_product
from tests.docker.waiting import eventually

SERVICES = ("customer", "product", "order")

# Printed: the number of the certificate that each service shows to its neighbour product, which
# asks for it by name; and how the services answer who shows none.
_SEEN = """
import json, socket, ssl
known = ssl.create_default_context(cafile="/run/secrets/tls-ca.pem")
known.load_cert_chain("/run/secrets/tls.pem")
unknown = ssl.create_default_context(cafile="/run/secrets/tls-ca.pem")
def seen(context, service):
    with socket.create_connection((service, 8080), 5) as plain:
        with context.wrap_socket(plain, server_hostname=service) as wire:
            wire.sendall(b"GET /metrics HTTP/1.0\\r\\nHost: a\\r\\n\\r\\n")
            status = wire.makefile("rb").readline().split()[1].decode()
            return status, wire.getpeercert()["serialNumber"]
def plain(service):
    with socket.create_connection((service, 8080), 5) as wire:
        wire.sendall(b"GET /health/live HTTP/1.0\\r\\nHost: a\\r\\n\\r\\n")
        try:
            return b"HTTP" in wire.recv(100)
        except ConnectionError:
            return False
print(json.dumps({
    service: {
        "known": seen(known, service)[0],
        "unknown": seen(unknown, service)[0],
        "plain": plain(service),
        "number": seen(known, service)[1],
    }
    for service in ("customer", "product", "order")
}))
"""


@pytest.fixture(scope="module")
def files():
    from tests.docker.stack import COMPOSE

    return [COMPOSE / "tls.yml"]


@pytest.fixture(scope="module")
def secured(stack, files):
    """The stack, with TLS while this module runs."""
    stack.script("tls.sh", stack.environment["SECRETS"])
    stack.up(files=files)
    for service in SERVICES:
        eventually(lambda name=service: stack.passing(name) == 2, f"two of {service} are well")
    yield stack
    stack.up("--remove-orphans")
    for service in SERVICES:
        eventually(lambda name=service: stack.passing(name) == 2, f"two of {service} are back")


def seen(stack):
    code, printed = stack.containers("product")[0].exec_run(["python", "-c", _SEEN], demux=True)
    assert code == 0, printed
    return json.loads(printed[0])


async def test_an_order_goes_through_the_edge_and_the_services(secured):
    async with Api(f"{secured.edge}/api/v1", secured.token()) as api:
        line = {"productId": await add_product(api), "quantity": 1}
        draft = {"customerId": await add_customer(api), "lines": [line]}
        placed = await api.post("/orders", draft)
    assert (placed.status, placed.body["status"]) == (201, "confirmed")


def test_only_who_shows_a_certificate_is_answered(secured):
    for service, told in seen(secured).items():
        assert (told["known"], told["unknown"], told["plain"]) == ("200", "403", False), service


def test_new_certificates_are_taken_by_what_runs(secured):
    before, running = seen(secured), {each.id for each in secured.containers()}
    secured.script("tls.sh", secured.environment["SECRETS"])

    def all_new() -> bool:
        now = seen(secured)
        return all(now[name]["number"] != before[name]["number"] for name in SERVICES)

    eventually(all_new, "each service shows its new certificate")
    assert {each.id for each in secured.containers()} == running


def test_prometheus_is_let_in_and_knows_until_when_certificates_hold(secured, files):
    from tests.docker.stack import COMPOSE

    observed = [*files, COMPOSE / "observability.yml", COMPOSE / "tls.observability.yml"]
    secured.up("--no-recreate", "prometheus", files=observed)
    url = f"http://127.0.0.1:{secured.environment['PROMETHEUS_PORT']}/api/v1/query"

    def told(query: str) -> dict[str, float]:
        with urllib.request.urlopen(f"{url}?{urlencode({'query': query})}", timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
        return {each["metric"]["service"]: float(each["value"][1]) for each in found}

    wanted = dict.fromkeys(SERVICES, 2.0)
    days = "shop_tls_certificate_expiry_timestamp_seconds - time() > 86400 * 80"
    try:
        for query in ('up{job="shop"}', f'({days}) * 0 + 1 unless {{certificate="authority"}}'):
            counted = f"sum by (service) ({query})"
            eventually(lambda query=counted: told(query) == wanted, f"{counted} is {wanted}")
    finally:
        secured.compose("rm", "--stop", "--force", "prometheus", files=observed)
