"""What wrk sends, as Lua scripts.

All requests of a script are made before the first is sent, or need one ``string.format`` each, so
that wrk costs little beside what it measures.
"""

import json
from collections.abc import Sequence

MARK = "shop-bench "

_DONE = """
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'MARK{"requests":%d,"duration_us":%d,"bytes":%d,"refused":%d,"broken":%d,' ..
    '"p50_us":%.0f,"p99_us":%.0f,"max_us":%.0f}\\n',
    summary.requests, summary.duration, summary.bytes, e.status,
    e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
""".replace("MARK", MARK)

_SETUP = """
local addresses = ADDRESSES
local threads = 0
function setup(thread)
  threads = threads + 1
  local at = addresses[(threads - 1) % #addresses + 1]
  thread.addr = wrk.lookup(at[1], at[2])[1]
  thread:set("number", threads)
end
"""

_GET = """
local paths = PATHS
local etags = ETAGS
local requests, n = {}, 0
function init(args)
  for i, path in ipairs(paths) do
    requests[i] = wrk.format("GET", path, etags[i] and {["If-None-Match"] = etags[i]} or {})
  end
  n = (number - 1) * 17
end
function request()
  n = n % #requests + 1
  return requests[n]
end
"""

_POST_CUSTOMER = """
local form = '{"email":"MARKER-%d-%d@example.org","firstName":"Ada","lastName":"Lovelace",' ..
  '"addresses":[{"line1":"1 Main Street","city":"Berlin","postalCode":"10115","country":"DE"}]}'
local headers = {["Content-Type"] = "application/json"}
local n = 0
function request()
  n = n + 1
  return wrk.format("POST", "/api/v1/customers", headers, string.format(form, number, n))
end
"""

_POST_ORDER = """
local customers = CUSTOMERS
local products = PRODUCTS
local form = '{"customerId":"%s","lines":[{"productId":"%s","quantity":%d}]}'
local headers = {["Content-Type"] = "application/json"}
local n = 0
function init(args) n = (number - 1) * 7919 end
function request()
  n = n + 1
  local customer = customers[n % #customers + 1]
  local product = products[n * 7919 % #products + 1]
  return wrk.format("POST", "/api/v1/orders", headers,
    string.format(form, customer, product, n % 3 + 1))
end
"""

Address = tuple[str, int]


def gets(addresses: Sequence[Address], paths: Sequence[str], etags: Sequence[str] = ()) -> str:
    """Return a script that asks for these paths in turn; ``etags``: what is known of each."""
    body = _GET.replace("PATHS", lua(list(paths))).replace("ETAGS", lua(list(etags)))
    return _around(addresses, body)


def new_customers(addresses: Sequence[Address], marker: str) -> str:
    """Return a script that creates customers, whose emails begin with ``marker``."""
    return _around(addresses, _POST_CUSTOMER.replace("MARKER", marker))


def orders(addresses: Sequence[Address], customers: Sequence[str], products: Sequence[str]) -> str:
    """Return a script that orders 1 to 3 pieces of one of the products for one of the customers."""
    body = _POST_ORDER.replace("CUSTOMERS", lua(list(customers)))
    return _around(addresses, body.replace("PRODUCTS", lua(list(products))))


def _around(addresses: Sequence[Address], body: str) -> str:
    return _SETUP.replace("ADDRESSES", lua([list(each) for each in addresses])) + body + _DONE


def lua(value: object) -> str:
    """Return a value of lists, texts and numbers as Lua writes it."""
    if isinstance(value, list):
        return "{" + ", ".join(map(lua, value)) + "}"
    return json.dumps(value)
