"""Where the time goes: flame graphs of the cached GET and of placing an order, by py-spy."""

import asyncio
import re
import shutil
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bench.speed import contender, goods, wrk
from bench.speed.cast import cast, say
from bench.speed.contender import Contender
from bench.speed.options import Options
from bench.speed.scripts import gets, orders
from bench.speed.stage import Stage

SECONDS, WARM_S, CONNECTIONS, RATE_HZ = 6, 2, 64, 250


async def run(stage: Stage, options: Options, out: Path) -> dict[str, Mapping[str, float]]:
    """Write the pictures to ``out``; return for each the shares of time of its packages."""
    del options
    shares: dict[str, Mapping[str, float]] = {}
    async with cast(stage) as players:
        say("Starting the shop")
        shop = await players.enter(contender.shop(stage))
        await goods.fill(shop)
        await goods.read(shop)
        paths = [f"/api/v1/products/{product_id}" for product_id in shop.products]
        get = gets(shop.addresses("product"), paths)
        shares |= await _under_load(shop, get, "product", {"get": "product"}, out)
        order = orders(shop.addresses("order"), shop.customers, shop.products)
        names = {f"order-{service}": service for service in shop.urls}
        shares |= await _under_load(shop, order, "order", names, out)
    return shares


async def _under_load(
    shop: Contender, script: str, target: str, names: Mapping[str, str], out: Path
) -> dict[str, Mapping[str, float]]:
    found = {}
    for name, service in names.items():
        say(f"Profiling {name}: {service} at {CONNECTIONS} connections")
        pid = shop.processes[list(shop.urls).index(service)].pid
        load = wrk.run(
            script,
            shop.base(target),
            connections=CONNECTIONS,
            seconds=2 * (WARM_S + SECONDS),
        )
        loading = asyncio.create_task(load)
        await asyncio.sleep(WARM_S)
        picture = out / f"profile-{name}.svg"
        await _spy(pid, "flamegraph", picture, SECONDS - 1)
        if picture.exists():  # its title is py-spy's command, with where things are on this machine
            picture.write_text(re.sub(r"(?<=[ >])/[^\s<]*/", "", picture.read_text()))
        raw = out / f"profile-{name}.txt"
        await _spy(pid, "raw", raw, SECONDS - 1)
        if raw.exists():
            found[name] = by_package(raw.read_text())
            raw.unlink()
        await loading
    return found


async def _spy(pid: int, kind: str, file: Path, seconds: int) -> None:
    spy = shutil.which("py-spy") or str(Path(sys.executable).with_name("py-spy"))
    command = [spy, "record", "--pid", str(pid), "--duration", str(seconds)]
    command += ["--rate", str(RATE_HZ), "--format", kind, "--output", str(file)]
    try:
        child = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except FileNotFoundError:
        say("Without profiles: py-spy is not installed (make .venv/.installed-bench)")
        return
    told = (await child.communicate())[0].decode(errors="replace")
    if child.returncode:
        say(f"py-spy may not look into another process here (try as root): {told.strip()[-300:]}")


def by_package(raw: str) -> dict[str, float]:
    """Return the share of samples whose innermost frame is of each package, the largest first.

    ``raw``: a line per stack, frames from the outermost by semicolons, then the count.
    """
    counts: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        counts[package(stack.split(";")[-1])] += int(count)
    total = sum(counts.values()) or 1
    return {name: count / total for name, count in counts.most_common(12)}


def package(frame: str) -> str:
    """Return the package of a frame such as ``dispatch (aiohttp/web_app.py:12)``."""
    file = frame.rpartition(" (")[2].rstrip(")").partition(":")[0]
    if file.endswith("asyncio/runners.py"):  # the last frame of Python's before uvloop's own code
        return "uvloop, sockets"
    parts = [part for part in file.split("/") if part not in ("", ".")]
    if "site-packages" in parts:
        parts = parts[parts.index("site-packages") + 1 :]
    if "shop" in parts:
        inner = parts[parts.index("shop") :][:3]
        return "/".join(inner).removesuffix(".py")
    return parts[0].removesuffix(".py") if parts else frame
