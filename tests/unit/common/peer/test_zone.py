import pytest

from shop.common.peer import Instance, nearest, zone

A1, A2, B1, NOWHERE = (
    Instance("product", name, f"http://{name}", meta={"zone": where} if where else {})
    for name, where in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("n1", ""))
)


def zone_of(instance: Instance) -> str | None:
    return instance.zone


@pytest.mark.parametrize("kind", [tuple, list])
@pytest.mark.parametrize(
    ("here", "found"),
    [("a", (A1, A2)), ("b", (B1,)), ("c", (A1, B1, NOWHERE, A2)), ("", (A1, B1, NOWHERE, A2))],
)
def test_those_of_the_zone_are_left_or_all_if_there_is_none(kind, here, found):
    assert tuple(nearest(kind((A1, B1, NOWHERE, A2)), here, zone_of)) == found


@pytest.mark.parametrize("here", [None, "c"])
def test_what_is_not_narrowed_is_the_same_object(here):
    candidates = (A1, B1, NOWHERE)
    assert nearest(candidates, here, zone_of) is candidates


def test_without_a_zone_nobody_is_asked_for_theirs():
    nearest([A1, B1], None, lambda _: pytest.fail("asked"))


@pytest.mark.parametrize("candidates", [(), (B1,)])
def test_with_one_or_none_there_is_no_choice(candidates):
    assert nearest(candidates, "a", zone_of) is candidates


def test_when_the_whole_zone_may_not_be_called_the_others_are_left():
    assert nearest([B1, NOWHERE], "a", zone_of) == [B1, NOWHERE]


def test_the_same_tuple_is_looked_through_once():
    asked: list[Instance] = []

    def noting(instance: Instance) -> str | None:
        asked.append(instance)
        return instance.zone

    candidates = (A1, B1)
    first = nearest(candidates, "a", noting)
    assert nearest(candidates, "a", noting) is first
    assert asked == [A1, B1]
    assert nearest(candidates, "b", noting) == (B1,)


def test_an_equal_tuple_with_others_in_it_has_its_own_answer():
    for _ in range(1000):  # tuples that go leave their id to others
        assert nearest((A1, B1), "a", zone_of) == (A1,)
        assert nearest((B1, A2), "a", zone_of) == (A2,)


def test_a_list_that_changes_is_looked_through_anew():
    candidates = [A1, B1]
    assert list(nearest(candidates, "a", zone_of)) == [A1]
    candidates[0] = A2
    assert list(nearest(candidates, "a", zone_of)) == [A2]


def test_what_is_remembered_does_not_grow_without_bound():
    kept = [(A1, B1, number) for number in range(3000)]
    for candidates in kept:
        nearest(candidates, "a", lambda each: getattr(each, "zone", None))
    assert len(zone._remembered) <= 256
