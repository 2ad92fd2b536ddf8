"""Spans: their ids are those of the trace, and there is none where nobody keeps them."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from shop.common import spans, trace
from shop.common.gathered import Gathered
from shop.common.spans import Kind, Span
from shop.common.trace import Trace

CALLER = Trace("a" * 32, "b" * 16)


@pytest.fixture
def told() -> Iterator[list[Span]]:
    told: list[Span] = []
    spans.record_by(told.append)
    yield told
    spans.record_by(None)


def test_a_span_is_part_of_the_current_trace(told):
    with trace.scope(CALLER):
        with spans.span("outer"), spans.span("inner", Kind.CLIENT, {"peer": "product"}) as going:
            going.tell({"status": 200})
        assert trace.current() == CALLER
    inner, outer = told
    assert (inner.name, inner.kind, inner.attributes) == (
        "inner",
        Kind.CLIENT,
        {"peer": "product", "status": 200},
    )
    assert {inner.trace.trace_id, outer.trace.trace_id} == {CALLER.trace_id}
    assert inner.trace.parent_id == outer.trace.span_id
    assert outer.trace.parent_id == CALLER.span_id
    assert outer.began_ns <= inner.began_ns <= inner.ended_ns <= outer.ended_ns


def test_what_is_called_inside_is_told_the_id_of_the_span(told):
    with trace.scope(CALLER), spans.span("call"):
        sent = trace.outgoing()["traceparent"]
    assert sent == told[0].trace.traceparent


def test_an_error_is_told_by_its_kind_alone(told):
    with pytest.raises(ValueError, match="secret"), spans.span("fails"):
        raise ValueError("secret")
    assert told[0].error == "ValueError"


def test_nothing_is_kept_of_a_trace_that_is_not_sampled(told):
    with trace.scope(Trace("a" * 32, "b" * 16, trace.NOT_SAMPLED)), spans.span("quiet"):
        spans.ended("find", Kind.CLIENT, 5, {})
    assert told == []


def test_what_ends_outside_of_a_trace_is_not_told(told):
    with trace.scope(None):
        spans.ended("find", Kind.CLIENT, 5, {})
    assert told == []


def test_without_a_recorder_a_span_leaves_the_trace_as_it_is():
    with trace.scope(CALLER), spans.span("nothing") as going:
        going.tell({"a": 1})
        assert trace.current() is CALLER


async def test_what_serves_several_is_linked_to_each_of_their_traces(told):
    async def together(numbers: Sequence[int]) -> Sequence[int]:
        spans.ended("insert", Kind.CLIENT, 5, {})
        return numbers

    same = Gathered(together, name="same")
    callers = [Trace(digit * 32, digit * 16) for digit in "123"]

    async def call(caller: Trace) -> None:
        trace.enter(caller)
        await same(1)

    await asyncio.gather(*map(call, callers))
    insert, shared, *others = told
    assert shared.trace.trace_id == insert.trace.trace_id == callers[0].trace_id
    assert insert.trace.parent_id == shared.trace.span_id
    assert shared.trace.parent_id == callers[0].span_id
    assert list(shared.links) == callers[1:]
    assert [each.trace.parent_id for each in others] == [each.span_id for each in callers[1:]]
    assert [list(each.links) for each in others] == [[shared.trace], [shared.trace]]


async def test_what_serves_one_is_part_of_their_trace(told):
    async def together(numbers: Sequence[int]) -> Sequence[int]:
        spans.ended("insert", Kind.CLIENT, 5, {})
        return numbers

    with trace.scope(CALLER):
        await Gathered(together)(1)
    (insert,) = told
    assert (insert.trace.trace_id, insert.trace.parent_id) == (CALLER.trace_id, CALLER.span_id)


async def test_what_goes_together_is_logged_with_a_trace_even_where_no_spans_are_kept():
    seen: list[Trace | None] = []

    async def together(numbers: Sequence[int]) -> Sequence[int]:
        seen.append(trace.current())
        return numbers

    same = Gathered(together)
    for caller in (CALLER, None):
        with trace.scope(caller):
            await same(1)
    assert seen == [CALLER, None]
