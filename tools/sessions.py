"""Writes the table of sessions from exchange_calendars: `python -m tools.sessions`."""

import csv
import io
import sys
import warnings
from datetime import date
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[1] / "src/polytape/model/xnys.csv"
FIRST, LAST = "1990-01-01", "2050-12-31"


def table() -> str:
    """The table as it has to be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _table()


def _table() -> str:
    import exchange_calendars
    import pandas as pd

    calendar: Any = exchange_calendars.get_calendar("XNYS", start=FIRST, end=LAST)
    names = _names(calendar)
    sessions, closes = calendar.schedule.index, calendar.schedule["close"]
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("date", "close", "name"))
    for stamp in pd.bdate_range(FIRST, LAST):
        day = stamp.date()
        if stamp not in sessions:
            rows.writerow((day, "", names.get(day, "")))
        elif (close := closes[stamp].tz_convert("America/New_York")).hour < 16:
            rows.writerow((day, f"{close:%H:%M}", names.get(day, "")))
    return out.getvalue()


def _names(calendar: Any) -> dict[date, str]:
    found: dict[date, str] = {}
    for rule in [calendar.regular_holidays, *(rule for _, rule in calendar.special_closes)]:
        named = rule.holidays(FIRST, LAST, return_name=True)
        found |= {stamp.date(): str(name) for stamp, name in named.items()}
    return found


if __name__ == "__main__":
    PATH.write_text(table())
    sys.stdout.write(f"{PATH}: {len(table().splitlines()) - 1} closed weekdays and early closes\n")
