"""``--workers``: several processes of one service, each an instance."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shop.common.web.workers import WorkerOptions, Workers


async def listening(service, count: int) -> list[dict[str, object]]:
    """Return the lines of the workers that have begun to listen, once there are so many."""
    while service.events.count("listening") < count:
        await asyncio.sleep(0.02)
    return [line for line in service.logged if line["event"] == "listening"]


async def test_each_worker_is_an_instance_and_all_are_drained_at_the_end(
    start, consul_server, mongo_variables, session
):
    variables = {**mongo_variables, "SHOP_CONSUL_HTTP_ADDR": consul_server.url}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    service = await start("--port", str(port), "--workers", "2", **variables)
    lines = await listening(service, 2)
    while service.events.count("registered") < 2:
        await asyncio.sleep(0.02)
    ports = {urlsplit(str(line["url"])).port for line in lines}
    assert port in ports
    assert len(ports) == 2
    async with session.get(f"{consul_server.url}/v1/agent/services") as response:
        registered = {each["Port"] for each in (await response.json()).values()}
    assert ports <= registered
    for line in lines:
        async with session.get(f"{line['url']}/health/ready") as response:
            assert response.status == 200
    service.stop()
    assert await service.ends() == 0
    assert service.events.count("deregistered") == service.events.count("stopped") == 2


async def test_one_that_dies_is_started_again(start, mongo_variables, session):
    service = await start("--port", "0", "--workers", "2", **mongo_variables)
    first, _ = await listening(service, 2)
    os.kill(int(str(first["pid"])), signal.SIGKILL)
    died = await service.says("a worker died")
    assert died["code"] == -signal.SIGKILL
    *_, third = await listening(service, 3)
    async with session.get(f"{third['url']}/health/ready") as response:
        assert response.status == 200
    service.process.send_signal(signal.SIGINT)
    assert await service.ends() == 0
    assert service.events.count("stopped") == 2


async def test_where_one_cannot_start_none_goes_on(start, mongo_variables):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = await start("--port", str(port), "--workers", "2", **mongo_variables)
        assert await service.ends() == 1
    said = [line for line in service.lines if not line.startswith("{")]
    assert [line.partition(": ")[2][:13] for line in said] == ["cannot listen"]


@pytest.mark.parametrize("count", ["0", "many", "1000"])
async def test_a_number_of_workers_that_cannot_be_is_one_line(start, count):
    service = await start("--workers", count)
    assert await service.ends() == 2
    (line,) = service.lines
    assert line.startswith("shop.customer: SHOP_WORKERS: ")


async def test_one_that_keeps_dying_is_given_ever_longer_pauses(tmp_path):
    options = WorkerOptions(first_pause_s=0.01, longest_pause_s=0.02, steady_s=60)
    script = f"open({str(tmp_path / 'runs')!r}, 'a').write('.'); import os; os.kill(os.getpid(), 9)"
    workers = Workers((sys.executable, "-c", script), 1, options)
    running = asyncio.create_task(workers.run())
    runs = Path(tmp_path / "runs")
    while not runs.exists() or len(await asyncio.to_thread(runs.read_text)) < 4:
        await asyncio.sleep(0.02)
    workers._stop()
    assert await running == 0


async def test_all_workers_change_what_they_log(start, mongo_variables):
    service = await start("--port", "0", "--workers", "2", **mongo_variables)
    await listening(service, 2)
    for number, level in ((signal.SIGUSR1, "debug"), (signal.SIGUSR2, "info")):
        service.process.send_signal(number)
        while [line.get("to") for line in service.logged].count(level) < 2:
            await asyncio.sleep(0.02)
    service.stop()
    assert await service.ends() == 0
