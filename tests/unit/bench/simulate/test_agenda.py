from bench.simulate.agenda import Agenda, until


def test_things_happen_in_the_order_of_their_times_and_then_of_their_entry():
    agenda, seen = Agenda(), []
    for at_s, what in ((2.0, "c"), (1.0, "a"), (1.0, "b")):
        agenda.at(at_s, seen.append, what)
    agenda.run()
    assert seen == ["a", "b", "c"]


def test_a_coroutine_waits_in_the_time_of_the_agenda():
    agenda, seen = Agenda(), []

    async def work() -> None:
        await until(3.0)
        await agenda.sleep(0.5)
        seen.append(agenda.now_s)

    agenda.begin(work())
    agenda.run()
    assert seen == [3.5]


def test_what_is_due_at_the_end_or_later_is_left():
    agenda, seen = Agenda(), []
    agenda.at(1.0, seen.append, 1)
    agenda.at(2.0, seen.append, 2)
    agenda.run(2.0)
    assert seen == [1]
