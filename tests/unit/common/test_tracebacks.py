"""What the log says of an exception tells where it came from, and nothing of what it was about."""

import pytest
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shop.common import tracebacks
from shop.common.errors import Unavailable

EMAIL = "ada@example.com"
MONGO = DuplicateKeyError(f"E11000 dup key: {{ emailKey: {EMAIL!r} }}", 11000, {"v": EMAIL})
BULK = BulkWriteError({"writeErrors": [{"op": {"email": EMAIL}}]})


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


@pytest.mark.parametrize("error", [MONGO, BULK, ValueError(EMAIL), KeyError(EMAIL)])
def test_what_may_quote_data_is_named_and_not_quoted(error: Exception) -> None:
    told = tracebacks.told(raised(error))
    assert EMAIL not in told
    assert type(error).__name__ in told
    assert "test_tracebacks.py" in told


def test_the_code_of_a_database_error_is_told() -> None:
    assert tracebacks.named(MONGO) == "DuplicateKeyError (code 11000)"


def test_what_quotes_nothing_is_shown() -> None:
    assert tracebacks.named(Unavailable("It is away.")) == "Unavailable: It is away."
    assert tracebacks.named(ConnectionRefusedError(111, "refused")).endswith("refused")


def test_causes_and_groups_are_told_without_data_too() -> None:
    caused = raised(Unavailable("It is away."), raised(MONGO))
    told = tracebacks.told(raised(ExceptionGroup(EMAIL, [caused, ValueError(EMAIL)])))
    assert EMAIL not in told
    for part in ("DuplicateKeyError", "direct cause", "Unavailable: It is away.", "ValueError"):
        assert part in told


def test_one_that_causes_itself_comes_to_an_end() -> None:
    error, other = ValueError(), ValueError()
    error.__context__, other.__context__ = other, error
    assert tracebacks.told(error).count("ValueError") == 2
