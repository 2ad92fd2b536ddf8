"""Lines that go to a file, or to a pipe whose reader is slow, or gone."""

import asyncio
import os
import select

import pytest

from shop.common.lines import Lines

LINE = b"x" * 99 + b"\n"


def show(record: bytes) -> bytes:
    return record + b"\n"


def told(dropped: int) -> bytes:
    return b"dropped %d\n" % dropped


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    ends = {reader, writer}
    yield reader, writer, lambda fd: (os.close(fd), ends.discard(fd))
    for fd in ends:
        os.close(fd)


def drained(reader: int) -> bytes:
    poll, found = select.poll(), b""
    poll.register(reader, select.POLLIN)
    while poll.poll(0):
        found += os.read(reader, 1 << 20)
    return found


def fill(writer: int) -> int:
    poll, filled = select.poll(), 0
    poll.register(writer, select.POLLOUT)
    while poll.poll(0):
        filled += os.write(writer, b"." * select.PIPE_BUF)
    return filled


async def test_the_lines_of_one_tick_are_written_at_its_end(pipe):
    reader, writer, _ = pipe
    lines = Lines(writer, show, told)
    for number in range(3):
        lines.add(b"%d" % number)
    assert drained(reader) == b""
    await asyncio.sleep(0)
    assert drained(reader) == b"0\n1\n2\n"


async def test_a_line_that_is_flushed_takes_those_before_it_along_in_their_order(pipe):
    reader, writer, _ = pipe
    lines = Lines(writer, show, told)
    lines.add(b"first")
    lines.write(b"second\n")
    lines.flush()
    assert drained(reader) == b"first\nsecond\n"
    await asyncio.sleep(0)
    assert drained(reader) == b""


def test_without_a_loop_lines_are_written_all_the_same(pipe):
    reader, writer, _ = pipe
    lines = Lines(writer, show, told)
    lines.write(LINE)
    lines.flush()
    assert drained(reader) == LINE


def test_more_than_a_pipe_takes_at_once_is_written_in_whole_lines(pipe):
    reader, writer, _ = pipe
    lines = Lines(writer, show, told)
    for number in range(200):
        lines.write(b"%098d\n" % number)
    lines.flush()
    assert drained(reader) == b"".join(b"%098d\n" % number for number in range(200))


def test_a_line_longer_than_a_pipe_takes_at_once_is_written_whole(pipe):
    reader, writer, _ = pipe
    lines = Lines(writer, show, told)
    lines.write(b"y" * 20_000 + b"\n")
    lines.flush()
    assert drained(reader) == b"y" * 20_000 + b"\n"


async def test_nobody_waits_for_a_reader_and_nothing_is_lost_within_the_bound(pipe):
    reader, writer, _ = pipe
    filled = fill(writer)
    lines = Lines(writer, show, told)
    for _ in range(100):
        lines.write(LINE)
        lines.flush()
    assert len(drained(reader)) == filled
    found = b""
    while len(found) < 100 * len(LINE):  # it looks again by itself
        await asyncio.sleep(0.01)
        found += drained(reader)
    assert found == 100 * LINE
    assert lines.dropped == 0


def test_beyond_the_bound_lines_are_dropped_counted_and_told_when_there_is_room_again(pipe):
    reader, writer, _ = pipe
    filled = fill(writer)
    lines = Lines(writer, show, told, most_bytes=500)  # and 1000 for these
    for _ in range(15):
        lines.write(LINE)
    lines.flush()
    assert lines.dropped == 5
    assert len(drained(reader)) == filled
    lines.flush()
    lines.flush()
    assert drained(reader) == 10 * LINE + b"dropped 5\n"
    lines.flush()
    assert drained(reader) == b"", "it is told once"


async def test_what_is_not_of_every_request_has_room_still(pipe):
    reader, writer, _ = pipe
    lines = Lines(writer, show, told, most_bytes=500)
    for _ in range(6):
        lines.add(LINE[:-1])
    lines.write(b"important\n")
    lines.flush()
    assert lines.dropped == 1
    assert drained(reader).startswith(5 * LINE + b"important\n")


def test_a_reader_that_has_gone_breaks_nothing(pipe):
    reader, writer, close = pipe
    close(reader)
    lines = Lines(writer, show, told)
    for _ in range(3):
        lines.write(LINE)
        lines.flush()
    assert lines.dropped == 3


def test_a_file_takes_all_at_once(tmp_path):
    with (tmp_path / "log").open("wb") as file:
        lines = Lines(file.fileno(), show, told)
        for _ in range(1000):
            lines.write(LINE)
        lines.flush()
    assert (tmp_path / "log").read_bytes() == 1000 * LINE


def test_a_pipe_that_does_not_block_is_looked_at_again(pipe):
    reader, writer, _ = pipe
    os.set_blocking(writer, False)
    lines = Lines(writer, show, told)
    lines.write(b"y" * 200_000 + b"\n")
    lines.flush()
    found = drained(reader)
    while len(found) < 200_001:
        lines.flush()
        found += drained(reader)
    assert lines.dropped == 0


def test_at_the_end_what_waits_is_written_within_a_bound(pipe):
    reader, writer, _ = pipe
    filled = fill(writer)
    lines = Lines(writer, show, told)
    lines.write(LINE)
    lines.close(within_s=0.01)
    assert len(drained(reader)) == filled
    lines.close(within_s=10)
    assert drained(reader) == LINE
