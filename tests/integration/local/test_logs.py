import asyncio

import pytest

from shop.local import logs
from shop.local.errors import LocalError
from shop.local.home import Home


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path, tmp_path / "bin")
    for name in ("order-1", "order-2", "mongo"):
        home.log(name).parent.mkdir(exist_ok=True)
        home.log(name).write_text("".join(f"{name} line {n}\n" for n in range(5)))
    return home


@pytest.mark.parametrize(
    ("service", "names"),
    [
        ("order", ["order-1", "order-2"]),
        ("order-2", ["order-2"]),
        ("mongo", ["mongo"]),
        (None, ["mongo", "order-1", "order-2"]),
    ],
)
def test_a_service_has_the_logs_of_its_instances(home, service, names):
    assert [path.stem for path in logs.files(home, service)] == names


def test_an_unknown_one_is_answered_with_those_that_there_are(home):
    with pytest.raises(LocalError, match="mongo, order-1, order-2"):
        logs.files(home, "parcel")


def test_the_last_lines_of_several_stand_under_their_names(home):
    assert logs.last(logs.files(home, "order"), 1) == [
        "order-1      | order-1 line 4",
        "order-2      | order-2 line 4",
    ]


def test_of_one_they_stand_as_they_are(home):
    assert logs.last(logs.files(home, "mongo"), 2) == ["mongo line 3", "mongo line 4"]


async def test_following_gives_whole_new_lines_and_a_new_file_from_its_start(home):
    path = home.log("mongo")
    lines = logs.follow([path])
    following = asyncio.ensure_future(anext(lines))
    await asyncio.sleep(0)  # it has looked at where the file ends
    with path.open("a") as file:
        file.write("new\nhalf")
    assert await following == "new"
    path.write_text("anew\n")
    assert await anext(lines) == "anew"
    await lines.aclose()
