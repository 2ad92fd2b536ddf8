"""How every store of customers behaves: the fake one, the real one, and the cached one."""

from dataclasses import replace

import pytest
from tests.fakes.customer.models import NOON, SECOND, customer, details

from shop.common.page import InvalidCursor, Page
from shop.common.representation import Representation
from shop.customer.errors import BeingDeleted, Changed, EmailTaken, NoSuchCustomer
from shop.customer.model import Customer, CustomerStatus
from shop.customer.schemas import encode_customer
from shop.customer.stores import CustomerStore

ACTIVE, INACTIVE = CustomerStatus.ACTIVE, CustomerStatus.INACTIVE
UNKNOWN = "cus_00000000000000000000000000"


async def find(customers: CustomerStore, **given: object) -> Page[Customer]:
    none = dict.fromkeys(("cursor", "status", "email", "updated_since"))
    return await customers.find(**{"limit": 100, **none, **given})


class CustomersKeepWhatTheyAreGiven:
    async def test_what_was_added_is_read_back_whole(self, customers: CustomerStore) -> None:
        ada = customer()
        await customers.add(ada)
        assert await customers.get(ada.id) == ada
        assert await customers.view(ada.id) == encode_customer(ada)

    async def test_what_may_be_missing_stays_missing(self, customers: CustomerStore) -> None:
        ada = customer(phone=None, addresses=())
        await customers.add(ada)
        assert await customers.get(ada.id) == ada

    async def test_an_unknown_customer_is_told_by_every_operation(
        self, customers: CustomerStore
    ) -> None:
        for attempt in (
            customers.get(UNKNOWN),
            customers.view(UNKNOWN),
            customers.set_details(UNKNOWN, details(), NOON, None),
            customers.set_details(UNKNOWN, details(), NOON, frozenset({1})),
            customers.set_status(UNKNOWN, ACTIVE, NOON),
            customers.claim_deletion(UNKNOWN, NOON, None),
            customers.claim_deletion(UNKNOWN, NOON, frozenset({1})),
            customers.admit(UNKNOWN, NOON),
        ):
            with pytest.raises(NoSuchCustomer):
                await attempt

    async def test_an_email_is_taken_in_any_case(self, customers: CustomerStore) -> None:
        await customers.add(customer(email="Ada@Example.com"))
        grace = customer(email="grace@example.com")
        await customers.add(grace)
        with pytest.raises(EmailTaken):
            await customers.add(customer(email="ADA@example.COM"))
        with pytest.raises(EmailTaken):
            await customers.set_details(grace.id, details(email="aDA@example.com"), NOON, None)
        assert await customers.get(grace.id) == grace

    async def test_ones_own_email_is_not_taken(self, customers: CustomerStore) -> None:
        ada = customer(email="ada@example.com")
        await customers.add(ada)
        changed = await customers.set_details(ada.id, details(email="Ada@Example.com"), NOON, None)
        assert changed.email == "Ada@Example.com"


class CustomersChangeByVersion:
    async def test_details_are_replaced_and_nothing_else(self, customers: CustomerStore) -> None:
        ada = customer(status=INACTIVE)
        await customers.add(ada)
        new = details(first_name="Augusta", phone=None)
        changed = await customers.set_details(ada.id, new, NOON + SECOND, frozenset({1, 7}))
        assert changed == replace(ada, **vars(new), updated_at=NOON + SECOND, version=2)
        assert await customers.get(ada.id) == changed
        assert await customers.view(ada.id) == encode_customer(changed)

    async def test_another_version_than_expected_changes_nothing(
        self, customers: CustomerStore
    ) -> None:
        ada = customer()
        await customers.add(ada)
        for stale in (frozenset({2, 3}), frozenset[int]()):
            with pytest.raises(Changed):
                await customers.set_details(ada.id, details(), NOON, stale)
            with pytest.raises(Changed):
                await customers.claim_deletion(ada.id, NOON, stale)
        assert await customers.get(ada.id) == ada
        assert await customers.admit(ada.id, NOON - SECOND) == ACTIVE

    async def test_a_status_is_changed_once(self, customers: CustomerStore) -> None:
        ada = customer()
        await customers.add(ada)
        changed = await customers.set_status(ada.id, INACTIVE, NOON + SECOND)
        again = await customers.set_status(ada.id, INACTIVE, NOON + 2 * SECOND)
        assert (
            again == changed == replace(ada, status=INACTIVE, updated_at=NOON + SECOND, version=2)
        )
        assert await customers.view(ada.id) == encode_customer(changed)

    async def test_a_view_is_never_older_than_the_last_change(
        self, customers: CustomerStore
    ) -> None:
        ada = customer()
        await customers.add(ada)
        for version in range(2, 22):
            await customers.view(ada.id)
            await customers.set_details(ada.id, details(), NOON, None)
            view: Representation = await customers.view(ada.id)
            assert view.version == version


class CustomersAreDeletedByClaim:
    async def test_a_claim_deletes(self, customers: CustomerStore) -> None:
        ada = customer()
        await customers.add(ada)
        await customers.view(ada.id)
        claim = await customers.claim_deletion(ada.id, NOON + SECOND, frozenset({1}))
        assert await customers.delete(ada.id, claim, frozenset({1}))
        for gone in (customers.get(ada.id), customers.view(ada.id), customers.admit(ada.id, NOON)):
            with pytest.raises(NoSuchCustomer):
                await gone
        assert not await customers.delete(ada.id, claim, None)

    async def test_nobody_is_admitted_while_a_claim_stands(self, customers: CustomerStore) -> None:
        ada = customer()
        await customers.add(ada)
        claim = await customers.claim_deletion(ada.id, NOON + SECOND, None)
        with pytest.raises(BeingDeleted):
            await customers.admit(ada.id, NOON)
        assert await customers.get(ada.id) == ada
        await customers.drop_deletion(ada.id, claim)
        assert await customers.admit(ada.id, NOON) == ACTIVE
        assert not await customers.delete(ada.id, claim, None)

    async def test_a_lapsed_claim_is_ended_by_who_is_admitted(
        self, customers: CustomerStore
    ) -> None:
        ada = customer()
        await customers.add(ada)
        claim = await customers.claim_deletion(ada.id, NOON, None)
        assert await customers.admit(ada.id, NOON) == ACTIVE
        assert not await customers.delete(ada.id, claim, None)
        assert await customers.get(ada.id) == ada

    async def test_a_second_claim_ends_the_first(self, customers: CustomerStore) -> None:
        ada = customer()
        await customers.add(ada)
        first = await customers.claim_deletion(ada.id, NOON + SECOND, None)
        second = await customers.claim_deletion(ada.id, NOON + SECOND, None)
        assert not await customers.delete(ada.id, first, None)
        await customers.drop_deletion(ada.id, first)
        with pytest.raises(BeingDeleted):
            await customers.admit(ada.id, NOON)
        assert await customers.delete(ada.id, second, None)

    async def test_a_claim_does_not_delete_what_was_changed_since(
        self, customers: CustomerStore
    ) -> None:
        ada = customer()
        await customers.add(ada)
        claim = await customers.claim_deletion(ada.id, NOON + SECOND, frozenset({1}))
        await customers.set_details(ada.id, details(), NOON, None)
        assert not await customers.delete(ada.id, claim, frozenset({1}))
        assert await customers.delete(ada.id, claim, None)


class CustomersAreFound:
    async def test_newest_first_each_once(self, customers: CustomerStore) -> None:
        added = [customer() for _ in range(7)]
        for each in added:
            await customers.add(each)
        found: list[Customer] = []
        cursor = None
        while True:
            page = await find(customers, limit=3, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == sorted(added, key=lambda each: each.id, reverse=True)

    async def test_by_each_filter_and_by_all(self, customers: CustomerStore) -> None:
        ada = customer(email="Ada@example.com", at=NOON)
        bob = customer(email="bob@example.com", at=NOON + SECOND, status=INACTIVE)
        for each in (ada, bob):
            await customers.add(each)
        assert (await find(customers, status="active")).items == [ada]
        assert (await find(customers, email="aDA@example.com")).items == [ada]
        assert (await find(customers, updated_since=NOON)).items == [bob, ada]
        assert (await find(customers, updated_since=NOON + SECOND)).items == [bob]
        every = {"status": "inactive", "email": "BOB@example.com", "updated_since": NOON}
        assert (await find(customers, **every)).items == [bob]
        assert (await find(customers, **every | {"status": "active"})).items == []

    async def test_a_cursor_of_other_filters_is_refused(self, customers: CustomerStore) -> None:
        for _ in range(2):
            await customers.add(customer())
        page = await find(customers, limit=1, updated_since=NOON)
        for other in ({}, {"status": "active"}, {"updated_since": NOON - SECOND}):
            with pytest.raises(InvalidCursor):
                await find(customers, cursor=page.next_cursor, **other)
