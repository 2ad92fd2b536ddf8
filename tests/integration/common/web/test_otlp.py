"""A service that is to send its traces somewhere, and cannot."""

from shop.local.ports import free_port


async def test_an_endpoint_that_is_none_is_one_line(start):
    service = await start(OTEL_EXPORTER_OTLP_ENDPOINT="collector:4318")
    assert await service.ends() == 2
    (line,) = service.lines
    assert line.startswith("shop.customer: OTEL_EXPORTER_OTLP_ENDPOINT: must begin with http")


async def test_it_serves_and_ends_without_its_collector(start, mongo_variables, session):
    nobody = f"http://127.0.0.1:{free_port()}"
    service = await start("--port", "0", OTEL_EXPORTER_OTLP_ENDPOINT=nobody, **mongo_variables)
    url = await service.listens()
    for _ in range(20):
        async with session.get(f"{url}/api/v1/customers/cus_01arz3ndektsv4rrffq69g5fav") as answer:
            assert answer.status == 404
    service.stop()
    assert await service.ends() == 0
    assert service.events.count("request") == 20
