"""An email address is one customer's, without regard to case."""

import asyncio

from tests.integration.customer.api import Api, draft


async def test_it_is_kept_as_it_is_written_and_taken_in_any_case(api: Api) -> None:
    ada = await api.customer(email="Ada@Example.com")
    for email in ("Ada@Example.com", "ada@example.com", "ADA@EXAMPLE.COM"):
        assert (await api.post("/customers", draft(email=email))).code == "email-taken"
    assert (await api.get(ada)).json["email"] == "Ada@Example.com"


async def test_it_cannot_be_taken_over(api: Api) -> None:
    await api.customer(email="ada@example.com")
    grace = await api.customer(email="grace@example.com")
    taken = {"email": "ADA@example.com"}
    assert (await api.put(grace, draft(**taken))).code == "email-taken"
    assert (await api.patch(grace, taken)).code == "email-taken"
    shown = await api.get(grace)
    assert (shown.etag, shown.json["email"]) == ('"1"', "grace@example.com")


async def test_ones_own_may_be_written_in_another_case(api: Api) -> None:
    ada = await api.customer(email="ada@example.com")
    assert (await api.patch(ada, {"email": "Ada@example.com"})).json["email"] == "Ada@example.com"
    assert (await api.put(ada, draft(email="ADA@example.com"))).status == 200


async def test_it_is_free_again_when_its_customer_is_gone_or_has_another(api: Api) -> None:
    ada = await api.customer(email="ada@example.com")
    await api.patch(ada, {"email": "augusta@example.com"})
    again = await api.customer(email="ADA@example.com")
    await api.delete(again)
    await api.customer(email="ada@example.com")


async def test_of_many_who_want_it_at_once_one_gets_it(api: Api) -> None:
    emails = [
        "".join(c.upper() if n >> k & 1 else c for k, c in enumerate("adaxy")) for n in range(20)
    ]
    drafts = [draft(email=f"{email}@example.com") for email in emails]
    answers = await asyncio.gather(*(api.post("/customers", each) for each in drafts))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 19
    assert {a.code for a in answers if a.status == 409} == {"email-taken"}
    assert len(await api.walk("/customers")) == 1


async def test_of_many_who_change_theirs_to_it_at_once_one_gets_it(api: Api) -> None:
    customers = [await api.customer() for _ in range(10)]
    answers = await asyncio.gather(
        *(api.patch(customer, {"email": "ada@example.com"}) for customer in customers)
    )
    assert sorted(answer.status for answer in answers) == [200] + [409] * 9
