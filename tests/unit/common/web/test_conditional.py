"""If-Match and If-None-Match (RFC 9110, sections 13.1.1 and 13.1.2)."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from shop.common.web.conditional import etag, if_match, is_known


def asking(header: str, *values: str):
    return make_mocked_request("GET", "/", headers=CIMultiDict((header, v) for v in values))


def test_an_etag_is_strong_and_names_the_version():
    assert etag(12) == '"12"'


@pytest.mark.parametrize(
    ("values", "versions"),
    [
        ([], None),
        (["*"], None),
        ([" * "], None),
        (['"3"'], {3}),
        (['"3", "4"'], {3, 4}),
        (['"3","4" , "3"'], {3, 4}),
        (['"3"', '"4"'], {3, 4}),  # two lines are one list
        (['"9007199254740991"'], {9007199254740991}),
    ],
)
def test_if_match_gives_the_versions_that_will_do(values, versions):
    assert if_match(asking("If-Match", *values)) == versions


@pytest.mark.parametrize(
    "value",
    [
        "",
        ",",
        "3",
        "'3'",
        'W/"3"',  # If-Match compares strongly
        '"3',
        '3"',
        '"',
        '""',
        '"12',  # not version 1
        '"12,3"',
        '"x"',
        '"-3"',
        '"03"',
        '"0"',
        '" 3"',
        '"3 "',
        '"٣"',
        '"²"',
        '"3.0"',
        '"' + "9" * 20 + '"',  # more than a database can compare
        '"' + "9" * 5000 + '"',  # more than Python reads
    ],
)
def test_an_etag_that_is_none_of_ours_matches_nothing(value):
    assert if_match(asking("If-Match", value)) == frozenset()


def test_a_star_among_others_is_no_star():
    assert if_match(asking("If-Match", '*, "3"')) == {3}


@pytest.mark.parametrize(
    "values", [['"3"'], ['W/"3"'], ['"1", "3"'], ['"1"', 'W/"2", W/"3"'], ["*"], [' "3" ']]
)
def test_if_none_match_knows_a_version_by_weak_comparison(values):
    assert is_known(asking("If-None-Match", *values), 3)


@pytest.mark.parametrize(
    "values", [[], [""], ['"4"'], ["3"], ['"33"'], ['"3', '3"'], ['w/"3"'], ['"03"'], ['W/W/"3"']]
)
def test_if_none_match_knows_no_other_version(values):
    assert not is_known(asking("If-None-Match", *values), 3)
