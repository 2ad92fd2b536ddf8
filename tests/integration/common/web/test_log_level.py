"""The level of a running process's log, changed by signals."""

import asyncio
import signal

import aiohttp

from shop.local.ports import free_port


async def ready(session: aiohttp.ClientSession, url: str) -> None:
    while True:
        try:
            async with session.get(f"{url}/health/ready") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.02)


async def test_signals_change_what_is_logged_and_change_it_back(start, mongo_variables, session):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    service = await start("--port", str(port), SHOP_LOG_LEVEL="warning", **mongo_variables)
    await ready(session, url)

    async def ask(path: str) -> None:
        async with session.get(f"{url}/api/v1/{path}"):
            pass

    changed = 0
    asked = ((None, "customers"), (signal.SIGUSR1, "customers/b"), (signal.SIGUSR2, "customers"))
    for number, path in asked:
        if number is not None:
            changed += 1
            service.process.send_signal(number)
            while service.events.count("log level changed") < changed:
                await asyncio.sleep(0.02)
        await ask(path)
    service.stop()
    assert await service.ends() == 0
    told = [(line["event"], line.get("to") or line.get("operation")) for line in service.logged]
    assert told == [
        ("SHOP_AUTH=off: whoever can call may do everything", None),
        ("log level changed", "debug"),
        ("request", "get_customer"),
        ("log level changed", "warning"),
    ]
    (request,) = [line for line in service.logged if line["event"] == "request"]
    assert len(str(request["traceId"])) == 32


async def test_neither_signal_ends_a_service_that_waits_for_its_database(start):
    service = await start(SHOP_MONGO_URI=f"mongodb://127.0.0.1:{free_port()}")
    await service.says("waiting for MongoDB")
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        service.process.send_signal(number)
    while service.events.count("log level changed") < 2:
        await asyncio.sleep(0.02)
    service.stop()
    assert await service.ends() == 0
