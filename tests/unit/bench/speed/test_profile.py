import pytest
from bench.speed.profile import by_package, package


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ("dispatch (/x/site-packages/aiohttp/web_app.py:12)", "aiohttp"),
        ("dispatch (aiohttp/web_app.py:12)", "aiohttp"),
        ("run (asyncio/runners.py:118)", "uvloop, sockets"),
        ("view (/x/src/shop/common/web/conditional.py:3)", "shop/common/web"),
        ("view (shop/product/handlers.py:3)", "shop/product/handlers"),
    ],
)
def test_a_frame_belongs_to_a_package(frame, name):
    assert package(frame) == name


def test_the_innermost_frames_are_counted_the_largest_share_first():
    raw = "run (a.py:1);send (aiohttp/x.py:1) 3\nrun (a.py:1) 1\n"
    assert by_package(raw) == {"aiohttp": 0.75, "a": 0.25}
