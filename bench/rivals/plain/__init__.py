"""A shop on plain aiohttp: ``python -m bench.rivals.plain customer|product|order``."""
