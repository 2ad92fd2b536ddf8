"""One instance: answers after some milliseconds; SIGUSR1 makes it slow. Prints its port."""

import asyncio
import signal
import sys

import uvloop
from aiohttp import web

SLOW_S = 0.5


async def serve(usual_s: float) -> None:
    delay_s = usual_s
    body = b'{"id": "prd_1", "name": "Lamp"}'

    async def answer(_: web.Request) -> web.Response:
        if delay_s:
            await asyncio.sleep(delay_s)
        return web.Response(body=body, content_type="application/json")

    def slow_down() -> None:
        nonlocal delay_s
        delay_s = usual_s + SLOW_S

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, slow_down)
    app = web.Application()
    app.router.add_get("/{anything:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1])))
