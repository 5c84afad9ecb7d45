"""This machine's clock beside the vendor's, as the `Date` of its responses says it.

https://www.rfc-editor.org/rfc/rfc9110#field.date
"""

import logging
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from polytape.model.units import MINUTE_US, SECOND_US

log = logging.getLogger("polytape.vendor")

# A response is under way for seconds; a clock that is further off than this is wrong.
TOLERANCE_US = 5 * MINUTE_US


class ClockCheck:
    """`now` is this machine's clock, microseconds UTC. Usable from many threads: each response sets
    one number.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._ahead_us = 0

    def heard(self, headers: Mapping[str, str]) -> None:
        """Look at the headers of a response that has just come (names in lower case)."""
        try:
            said = parsedate_to_datetime(headers.get("date", ""))
            age_s = int(headers.get("age", "0"))
            vendor = int(said.timestamp()) * SECOND_US + age_s * SECOND_US
        except (ValueError, OverflowError):  # it says none, or nonsense
            return
        ahead = vendor - self._now()
        ahead = ahead if abs(ahead) > TOLERANCE_US else 0
        if bool(ahead) != bool(self._ahead_us):
            self._log(ahead)
        self._ahead_us = ahead

    def vendor_ahead_us(self) -> int:
        """How far the vendor's clock is ahead of ours; 0 where they agree, or nothing is known."""
        return self._ahead_us

    def earliest(self) -> int:
        """The earlier of the two clocks: what is over by it is over. Microseconds UTC."""
        return self._now() + min(0, self._ahead_us)

    def latest(self) -> int:
        """The later of the two clocks: what is from after it is the future's. Microseconds UTC."""
        return self._now() + max(0, self._ahead_us)

    def note(self) -> str | None:
        """What an answer has to say of the clocks; None where they agree."""
        ahead = self._ahead_us
        return None if not ahead else _text(ahead)

    def _log(self, ahead: int) -> None:
        if ahead:
            log.warning("%s", _text(ahead))
        else:
            log.warning("this machine's clock agrees with the vendor's again")


def _text(ahead: int) -> str:
    seconds = abs(ahead) // SECOND_US
    size = f"{seconds / 86_400:.1f} days" if seconds > 2 * 86_400 else f"{seconds // 60} minutes"
    where = "behind" if ahead > 0 else "ahead of"
    return (
        f"this machine's clock is {size} {where} the vendor's: the earlier of the two decides what "
        "is final; set it right"
    )
