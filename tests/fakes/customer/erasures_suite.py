"""How every store of traces behaves: the fake one and the real one."""

from datetime import timedelta

from tests.fakes.customer.models import NOON, SECOND

from shop.customer.erasure import ErasureStore
from shop.customer.model import Erasure


async def finished(erasures: ErasureStore, *ids: str) -> None:
    for n, customer_id in enumerate(ids):
        await erasures.begin(customer_id, NOON)
        await erasures.finish(customer_id, NOON + n * SECOND)


class ErasuresAreShownOnceFinished:
    async def test_what_is_only_begun_is_not_shown(self, erasures: ErasureStore) -> None:
        await erasures.begin("cus_1", NOON)
        for since in (None, NOON - SECOND):
            assert not (await erasures.find(limit=10, cursor=None, since=since)).items

    async def test_what_was_never_begun_is_not_finished(self, erasures: ErasureStore) -> None:
        await erasures.finish("cus_1", NOON)
        assert not (await erasures.find(limit=10, cursor=None, since=None)).items

    async def test_what_is_finished_is_finished_once(self, erasures: ErasureStore) -> None:
        await finished(erasures, "cus_1")
        await erasures.finish("cus_1", NOON + SECOND)
        page = await erasures.find(limit=10, cursor=None, since=None)
        assert page.items == [Erasure("cus_1", NOON)]
        assert await erasures.begun(NOON + SECOND, 10) == []

    async def test_they_come_in_pages_the_latest_first_back_to_a_time(
        self, erasures: ErasureStore
    ) -> None:
        await finished(erasures, "cus_1", "cus_2", "cus_3", "cus_4")
        shown, cursor = [], None
        while True:
            page = await erasures.find(limit=2, cursor=cursor, since=NOON + SECOND)
            shown += [each.customer_id for each in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert shown == ["cus_4", "cus_3", "cus_2"]


class ErasuresThatWereAbandonedAreFound:
    async def test_those_begun_before_a_time(self, erasures: ErasureStore) -> None:
        for n in range(3):
            await erasures.begin(f"cus_{n}", NOON + n * SECOND)
        await erasures.finish("cus_0", NOON)
        assert await erasures.begun(NOON + 2 * SECOND, 10) == [("cus_1", NOON + SECOND)]

    async def test_one_is_given_up_unless_it_was_begun_anew(self, erasures: ErasureStore) -> None:
        late = NOON + timedelta(minutes=1)
        await erasures.begin("cus_1", NOON)
        await erasures.begin("cus_1", NOON + SECOND)
        await erasures.give_up("cus_1", NOON)
        assert await erasures.begun(late, 10) == [("cus_1", NOON + SECOND)]
        await erasures.give_up("cus_1", NOON + SECOND)
        assert await erasures.begun(late, 10) == []
