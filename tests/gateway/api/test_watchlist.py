"""`/watchlist`, `/scan/batch` and `/calendar` over HTTP."""

import httpx2
import pytest

pytestmark = pytest.mark.socket


def test_each_symbol_has_its_row_and_a_wrong_one_its_error(gateway: str) -> None:
    """In the order of the request."""
    body = {"symbols": ["MSFT", "no symbol!", "NOSUCHONE", "AAPL"], "as_of": "2024-07-02T15:00:00Z"}
    rows = httpx2.post(f"{gateway}/api/v1/watchlist", json=body).json()["rows"]
    assert [row["symbol"] for row in rows] == body["symbols"]
    assert [row["error"] is None for row in rows] == [True, False, False, True]
    assert rows[0]["day"] == "2024-07-02"
    assert rows[0]["basis"]["made_up"]
    assert "NOSUCHONE" in rows[2]["error"]


def test_zones_of_many_symbols_are_those_of_their_scans(gateway: str) -> None:
    """Bounds, level and score of each zone as `/scan` has them; an error takes a row's place."""
    moment = "2024-07-02T15:00:00Z"
    body = {"symbols": ["NOSUCHONE", "aapl"], "as_of": moment}
    wrong, row = httpx2.post(f"{gateway}/api/v1/scan/batch", json=body).json()["rows"]
    one = {"symbol": "AAPL", "as_of": moment}
    scan = httpx2.post(f"{gateway}/api/v1/scan", json=one).json()
    assert (wrong["symbol"], row["error"], row["atr_day"]) == ("NOSUCHONE", None, scan["atr_day"])
    assert "NOSUCHONE" in str(wrong["error"] or wrong["errors"])
    assert row["zones"]
    for zone, whole in zip(row["zones"], scan["zones"], strict=True):
        assert zone == {name: whole[name] for name in zone}


@pytest.mark.parametrize("route", ["watchlist", "scan/batch"])
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"symbols": []}, "symbols"),
        ({"symbols": ["AAPL"] * 101}, "symbols"),
        ({"symbols": ["AAPL"], "as_of": "2100-01-01T00:00:00Z"}, "as_of"),
        ({"symbols": ["AAPL"], "as_of": "noon"}, "as_of"),
    ],
)
def test_what_cannot_be_is_refused(
    gateway: str, route: str, body: dict[str, object], param: str
) -> None:
    answer = httpx2.post(f"{gateway}/api/v1/{route}", json=body)
    assert (answer.status_code, answer.json()["param"]) == (400, param)


def test_the_calendar_has_the_hours_of_each_trading_day(gateway: str) -> None:
    """Thanksgiving has none; the day after closes early."""
    query = "start_date=2026-11-25&end_date=2026-11-27"
    days = httpx2.get(f"{gateway}/api/v1/calendar?{query}").json()
    assert [(day["date"], day["early_close"]) for day in days] == [
        ("2026-11-25", False),
        ("2026-11-27", True),
    ]
    assert days[1] == {
        "date": "2026-11-27",
        "start": "2026-11-27T09:00:00Z",
        "pre_market_start": "2026-11-27T09:00:00Z",
        "open": "2026-11-27T14:30:00Z",
        "close": "2026-11-27T18:00:00Z",
        "end": "2026-11-27T22:00:00Z",
        "early_close": True,
    }
    wrong = httpx2.get(f"{gateway}/api/v1/calendar?start_date=1900-01-01&end_date=2026-11-27")
    assert (wrong.status_code, wrong.json()["param"]) == (400, "start_date")
