"""Why nothing comes while the market is closed, and from when on something will."""

from contextlib import nullcontext

import pytest

from polytape.cli import market_hours
from polytape.cli.clock import this_market
from polytape.model.instants import parse_instant


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ("2026-11-26 12:00 ET", "closed: exchange holiday; events come from Fri 2026-11-27 04:00"),
        ("2026-11-28 12:00 ET", "closed: weekend; events come from Mon 2026-11-30 04:00"),
        ("2026-11-24 03:00 ET", "closed: trading begins at 04:00; events come from Tue 2026-11-24"),
        ("2026-11-24 12:00 ET", ""),
    ],
)
def test_a_closed_market_says_why_nothing_comes(
    monkeypatch: pytest.MonkeyPatch, now: str, why: str
) -> None:
    """And from when on something will."""
    moment = parse_instant(now, "now", this_market())
    monkeypatch.setattr(market_hours, "connect", nullcontext)
    monkeypatch.setattr(market_hours, "gateway_now", lambda _: moment)
    said = market_hours.why_silent(None)
    assert said.startswith(why)
    assert bool(said) == bool(why)
