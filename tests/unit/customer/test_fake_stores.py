"""The fake stores keep the rules of the real ones."""

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


class TestFakeCustomers(
    CustomersKeepWhatTheyAreGiven,
    CustomersChangeByVersion,
    CustomersAreDeletedByClaim,
    CustomersAreFound,
):
    pass


class TestFakeLinks(LinksArePut, LinksAreRemoved, LinksAreForgotten, LinksAreFound):
    pass


class TestFakeErasures(ErasuresAreShownOnceFinished, ErasuresThatWereAbandonedAreFound):
    pass
