"""The stores in MongoDB, bare and behind the cache, keep the rules."""

from collections.abc import AsyncIterator

import pytest
from tests.fakes.customer.customers_suite import (
    CustomersAreDeletedByClaim,
    CustomersAreFound,
    CustomersChangeByVersion,
    CustomersKeepWhatTheyAreGiven,
)
from tests.fakes.customer.erasures_suite import (
    ErasuresAreShownOnceFinished,
    ErasuresThatWereAbandonedAreFound,
)
from tests.fakes.customer.links_suite import (
    LinksAreForgotten,
    LinksAreFound,
    LinksArePut,
    LinksAreRemoved,
)

from shop.common import cache
from shop.common.config import RedisConfig
from shop.common.mongo import Database, ensure_indexes
from shop.customer.repository import (
    CUSTOMER_INDEXES,
    ERASURE_INDEXES,
    LINK_INDEXES,
    CachedCustomers,
    CachedLinks,
    MongoCustomers,
    MongoErasures,
    MongoLinks,
)
from shop.customer.schemas import encode_customer, encode_link


class Customers(
    CustomersKeepWhatTheyAreGiven,
    CustomersChangeByVersion,
    CustomersAreDeletedByClaim,
    CustomersAreFound,
):
    pass


class Links(LinksArePut, LinksAreRemoved, LinksAreForgotten, LinksAreFound):
    pass


@pytest.fixture
async def mongo_customers(database: Database) -> MongoCustomers:
    await ensure_indexes(database["customers"], CUSTOMER_INDEXES)
    return MongoCustomers(database["customers"], encode_customer)


@pytest.fixture
async def mongo_links(database: Database) -> MongoLinks:
    await ensure_indexes(database["customerOrders"], LINK_INDEXES)
    return MongoLinks(database["customerOrders"], encode_link)


@pytest.fixture
async def kept(redis_url: str, redis_namespace: str) -> AsyncIterator[cache.Cache]:
    async with cache.opened(RedisConfig(url=redis_url), redis_namespace) as opened:
        yield opened


class TestMongoCustomers(Customers):
    @pytest.fixture
    def customers(self, mongo_customers: MongoCustomers) -> MongoCustomers:
        return mongo_customers


class TestMongoLinks(Links):
    @pytest.fixture
    def links(self, mongo_links: MongoLinks) -> MongoLinks:
        return mongo_links


class TestCachedCustomers(Customers):
    @pytest.fixture
    def customers(self, mongo_customers: MongoCustomers, kept: cache.Cache) -> CachedCustomers:
        return CachedCustomers(mongo_customers, kept)


class TestCachedLinks(Links):
    @pytest.fixture
    def links(self, mongo_links: MongoLinks, kept: cache.Cache) -> CachedLinks:
        return CachedLinks(mongo_links, kept)


class TestMongoErasures(ErasuresAreShownOnceFinished, ErasuresThatWereAbandonedAreFound):
    @pytest.fixture
    async def erasures(self, database: Database) -> MongoErasures:
        await ensure_indexes(database["erasures"], ERASURE_INDEXES)
        return MongoErasures(database["erasures"])
