"""Wrong tokens, counted by address: who sends many is told to wait. Pure.

A right token is never counted and never refused: others may share an address, this machine's too.
"""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

# So many wrong ones in so long are answered 401, the next ones 429.
MOST, WINDOW_S = 10, 60.0
MOST_ADDRESSES = 4_096
# A network of one customer's has so many leading bits of an IPv6 address in common.
PREFIX_BYTES = 8


class Guesses:
    """Of so many addresses at most: the one that is longest unseen is dropped."""

    def __init__(self, most_addresses: int = MOST_ADDRESSES) -> None:
        self._most = most_addresses
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    def wrong(self, address: str, now: float) -> float:
        """Count a wrong token of an address at `now`, seconds that only grow. Returns for how many
        seconds the address has to wait; 0 while it has sent few.
        """
        key = network_of(address)
        began, count = self._counts.get(key, (now, 0))
        if now - began >= WINDOW_S:
            began, count = now, 0
        self._counts[key] = began, count + 1
        self._counts.move_to_end(key)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return began + WINDOW_S - now if count >= MOST else 0.0


def network_of(address: str) -> str:
    """Whom an address is counted as: itself, or its /64 of IPv6."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and not parsed.is_loopback and parsed.ipv4_mapped is None:
        return parsed.packed[:PREFIX_BYTES].hex()
    return str(parsed)
