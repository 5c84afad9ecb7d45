"""Sessions without a bar in the midst of others: named once, by the notes or by the basis."""

import re
from collections.abc import Sequence
from datetime import date

from polytape.model.basis import Basis

# So many days are named one by one, more by the first and the last.
NAMED_DAYS = 5
DAY = r"\d{4}-\d{2}-\d{2}"
# What `no_bar_of` writes.
NO_BAR_OF = re.compile(
    rf"no ((?:daily )?bar|minute) of ({DAY}(?:(?:, | to ){DAY})*(?: \(\d+ sessions\))?)"
)


def no_bar_of(days: Sequence[date], what: str = "bar") -> str:
    """`no daily bar of 2024-03-06, 2024-03-07`. `what` is a bar, a daily bar or a minute."""
    return f"no {what} of {name_days(days)}"


def name_days(days: Sequence[date]) -> str:
    """`2024-03-06, 2024-03-07`; of many, the first and the last with their number."""
    if len(days) <= NAMED_DAYS:
        return ", ".join(map(str, days))
    return f"{days[0]} to {days[-1]} ({len(days)} sessions)"


def named_once(note: str, basis: Basis) -> str:
    """A note that does not name the sessions without bars again that the basis names: what their
    absence does stays.
    """
    runs = [run for one in basis.inputs for run in (*one.lacking, *one.without_bars)]

    def shorter(match: re.Match[str]) -> str:
        days = [date.fromisoformat(text) for text in re.findall(DAY, match[2])]
        known = all(any(run.first <= day <= run.last for run in runs) for day in days)
        return (
            f"no {match[1]} of {'that session' if len(days) == 1 else 'those sessions'}"
            if known
            else match[0]
        )

    return NO_BAR_OF.sub(shorter, note)
