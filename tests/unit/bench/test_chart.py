from xml.etree import ElementTree

from bench.chart import Bars, Lines, svg

LINES = Lines("One < two", "seconds", "ms", {"a & b": [(0, 1), (10, 2000)]}, {5: "here"})
BARS = Bars("Bars", "size", "calls", {"10": {"a & b": 1, "c": 2}})


def test_a_chart_is_well_formed_and_says_what_it_shows():
    picture = svg("Title", [LINES, BARS], columns=2)
    said = {each.text for each in ElementTree.fromstring(picture).iter() if each.text}
    assert {"Title", "One < two", "seconds", "ms", "here", "Bars", "size", "calls"} <= said
    assert {"a & b", "c"} <= said  # the legend


def test_nothing_is_drawn_outside_of_its_panel():
    capped = Lines("", "s", "ms", {"a": [(0, 1), (1, 900)]}, {}, most=10)
    for panel in (LINES, capped):
        line = ElementTree.fromstring(svg("", [panel])).find(".//{*}polyline")
        assert all(26 <= float(each.split(",")[1]) <= 176 for each in line.get("points").split())
