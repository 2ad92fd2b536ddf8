import asyncio
import io

from shop.local.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_in_a_file_a_download_is_two_plain_lines(tmp_path):
    out = io.StringIO()
    async with Progress(out).download("mongod", tmp_path, 42_000_000):
        pass
    assert out.getvalue() == "  fetching mongod (42 MB)\n  mongod is here\n"


async def test_on_a_terminal_it_shows_how_much_has_come(tmp_path):
    out = Terminal()
    (tmp_path / "part").write_bytes(b"x" * 50)
    async with Progress(out).download("mongod", tmp_path, 200):
        while "%" not in out.getvalue():
            await asyncio.sleep(0)
    assert "mongod 25 %" in out.getvalue()


async def test_it_never_says_that_all_has_come_before_it_has(tmp_path):
    out = Terminal()
    (tmp_path / "part").write_bytes(b"x" * 500)
    async with Progress(out).download("mongod", tmp_path, 200):
        while "%" not in out.getvalue():
            await asyncio.sleep(0)
    assert "99 %" in out.getvalue()
    assert "100 %" not in out.getvalue()
