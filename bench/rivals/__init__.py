"""The shop as others would write it, for ``make bench``: same payloads, same servers, no saga.

Each is three programs, one per service, and says ``w: majority, j: true`` to MongoDB as ours does.
Placing an order is: look at the customer, take from the stock by guarded updates, insert the order,
link it at the customer. Whatever dies in between stays as it is: nobody takes it back.

- ``plain``: aiohttp and uvloop, by hand.
- ``fastapi_shop``: FastAPI with its models, on uvicorn with httptools and uvloop.
- ``moleculer``: Moleculer (Node.js), TCP transporter, Redis cacher, breaker, moleculer-web.
- ``floor``: no shop, but what the machine gives: answers with bytes it has, or writes one document.

None of them logs requests, and none keeps metrics. All read their settings from ``PORT``,
``MONGO_URI``, ``MONGO_DATABASE``, ``REDIS_URL``, ``CACHED_S``, ``CUSTOMER_URL``, ``PRODUCT_URL``.
"""
