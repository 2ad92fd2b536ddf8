"""A shop on FastAPI: ``uvicorn bench.rivals.fastapi_shop.customer:app`` and so on."""
