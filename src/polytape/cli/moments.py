"""Instants as people read them."""

from datetime import datetime
from zoneinfo import ZoneInfo

SHOWN_IN = ZoneInfo("America/New_York")


def moment_text(text: str) -> str:
    """The start of the minute whose close it is, in New York time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # another server's, in whatever form
        return text
    return f"{moment.astimezone(SHOWN_IN):%a %Y-%m-%d %H:%M} New York"
