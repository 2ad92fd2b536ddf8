from shop.common.peer import Instance, Selection

P1 = Instance("product", "p1", "http://h:1", meta={"zone": "a", "version": "2"})


def test_by_default_any_instance_is_wanted():
    assert Selection().admits(P1)


def test_all_of_the_metadata_must_be_there_and_be_the_same():
    assert Selection(meta={"zone": "a"}).admits(P1)
    assert Selection(meta={"zone": "a", "version": "2"}).admits(P1)
    assert not Selection(meta={"zone": "a", "version": "3"}).admits(P1)
    assert not Selection(meta={"rack": "7"}).admits(P1)
