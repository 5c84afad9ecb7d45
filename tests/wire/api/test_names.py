"""A name that a request does not have is told from one that may be meant."""

import pytest

from polytape.errors import ValidationError
from polytape.wire.api.messages import BarsRequest
from polytape.wire.api.names import ignored_fields, meant, unknown_name

BARS = BarsRequest.__struct_fields__


@pytest.mark.parametrize(
    ("name", "names", "near"),
    [("asof", ("symbol", "as_of"), "as_of"), ("As-Of", ("symbol", "as_of"), "as_of"),
     ("optoins", ("symbol", "options"), "options"), ("start", BARS, "start_date"),
     ("to", BARS, "end_date"), ("ticker", ("symbols",), "symbols"), ("colour", BARS, None),
     ("asof", (), None)],
)  # fmt: skip
def test_what_is_meant(name: str, names: tuple[str, ...], near: str | None) -> None:
    """By the words of other programs, then by the letters."""
    assert meant(name, names) == near


def test_the_error_names_the_field_and_those_that_there_are() -> None:
    """A long name is cut: it is the caller's."""
    error = unknown_name("x" * 500, ("symbol", "as_of"))
    assert error.param == "x" * 40
    assert str(error) == f"unknown field `{'x' * 40}` (known: symbol, as_of)"


def test_older_tools_fields_are_left_out_but_not_a_wrong_name_of_ours() -> None:
    """What they sent yesterday, they may send today."""
    given = ["symbol", "timeframe", "start_date", "colour", "start"]
    assert ignored_fields(given, BARS) == (
        "unknown field `colour` is ignored", "unknown field `start` is ignored",
    )  # fmt: skip
    with pytest.raises(ValidationError, match="`start`: did you mean `start_date`"):
        ignored_fields(["symbol", "timeframe", "start"], BARS)


@pytest.mark.parametrize("name", ["as_of", "asof", "As_Of", "options", "format"])
def test_what_counts_in_other_requests_is_never_ignored(name: str) -> None:
    """Who sends an instant for bars believes that none after it come back."""
    with pytest.raises(ValidationError, match=f"unknown field `{name}`"):
        ignored_fields(["symbol", "timeframe", "start_date", "end_date", name], BARS)
