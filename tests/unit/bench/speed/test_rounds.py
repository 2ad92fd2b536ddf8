from bench.speed.contender import Contender
from bench.speed.rounds import Load, interleaved

FLOOR, SHOP = Contender("floor"), Contender("shop")


def load(row: str, who: Contender, *at: int) -> Load:
    return Load(row, who, "product", str, at)


def test_the_contenders_of_a_row_and_size_run_one_after_the_other():
    loads = [load("get", FLOOR, 1, 64), load("get", SHOP, 1, 64), load("list", SHOP, 64)]
    shown = [(run.load.row, run.at, run.load.contender.name) for run in interleaved(loads)]
    assert shown == [
        ("get", 1, "floor"),
        ("get", 1, "shop"),
        ("get", 64, "floor"),
        ("get", 64, "shop"),
        ("list", 64, "shop"),
    ]


def test_a_size_is_the_number_of_connections_unless_that_is_given():
    (run,) = load("get", SHOP, 64).runs()
    assert run.connections == 64
    (run,) = Load("get", SHOP, "product", str, (1_000_000,), connections=16).runs()
    assert (run.at, run.connections) == (1_000_000, 16)
