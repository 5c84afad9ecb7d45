"""Commands of the levels of a session: what the client says, in a table of 80 columns."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from polytape import (
    ATREngine,
    GapEngine,
    OpeningRangeEngine,
    PointOfControlEngine,
    PolygonClient,
    VWAPEngine,
)
from polytape.cli.engine_tables import heading, rows_of
from tests.cli.conftest import Run

pytestmark = [pytest.mark.socket, pytest.mark.timeout(60)]

WHEN = "2026-11-18 11:30 America/New_York"


@pytest.mark.parametrize(
    ("command", "engine"),
    [
        ("vwap --anchor week --bands 1,2.5",
         lambda c: VWAPEngine(c).run("AAPL", WHEN, anchor="week", bands=(1, 2.5))),
        ("opening-range --minutes 5,60",
         lambda c: OpeningRangeEngine(c).run("AAPL", WHEN, minutes=(5, 60))),
        ("gaps --edge close", lambda c: GapEngine(c).run("AAPL", WHEN, edge="close")),
        ("poc --price-step 0.5 --no-extended",
         lambda c: PointOfControlEngine(c).run("AAPL", WHEN, price_step=0.5, include_extended=False)),
        ("atr --timeframe 5min --method sma",
         lambda c: ATREngine(c).run("AAPL", WHEN, timeframe="5min", method="sma")),
    ],
)  # fmt: skip
def test_a_command_says_what_the_client_says(
    command: str, engine: Callable[[PolygonClient], Any], polytape: Run, gateway: str
) -> None:
    """As JSON everything, as a table a row for each level."""
    name, *options = command.split()
    how = (name, "AAPL", "--as-of", WHEN, "--url", gateway, *options)
    code, out, _ = polytape(*how, "--format", "json")
    with PolygonClient(gateway) as client:
        result = engine(client)
    assert code == 0
    expected = json.loads(json.dumps(result.to_dict(), default=str))
    assert json.loads(json.dumps(result.to_dict(), default=_iso)) == json.loads(out)
    assert len(rows_of(name, expected)) == len(result.rows()) > 0
    code, out, _ = polytape(*how)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert out.startswith("AAPL ")


def test_the_table_has_the_developing_point_of_control(polytape: Run, gateway: str) -> None:
    """The command's help promises it, and it was in the JSON alone; volumes and shares are those of
    a person.
    """
    how = ("poc", "AAPL", "--as-of", WHEN, "--url", gateway)
    result = json.loads(polytape(*how, "--format", "json")[1])
    own, naked = rows_of("poc", result, "table")[:2]
    assert (own["point of control"], own["price"], own["day"]) == (
        "developing", result["poc"], "2026-11-18")  # fmt: skip
    first = result["naked"][0]
    assert naked["volume"] == f"{round(first['volume']):,}"
    assert naked["share"] == f"{round(100 * first['share'], 1)}%"
    assert re.search(r"2026-11-18 +developing +\d+\.\d\d +\d\d:\d\d", polytape(*how)[1])
    assert rows_of("poc", {"naked": [], "developing": []}, "table") == []


def _iso(value: object) -> str:
    return str(value.isoformat()).replace("+00:00", "Z")  # type: ignore[attr-defined]


def test_the_times_of_an_opening_range_are_new_yorks() -> None:
    """And blank where price stayed inside."""
    one = {"minutes": 5, "low": 9.0, "middle": 9.5, "high": 10.0, "bars": 5,
           "above_at": "2026-11-18T15:11:00Z", "below_at": None}  # fmt: skip
    (row,) = rows_of("opening-range", {"ranges": [one]})
    assert (row["above"], row["below"]) == ("10:11", "")
    assert rows_of("opening-range", {}) == []
    assert heading("opening-range", {"symbol": "A", "price": 9.0}) == ["A 9.00"]
