"""Requests without a right token, counted by address: an address may send so many a minute. Pure.

As quotas of tokens, it counts in whole minutes that begin with an address's first request.
"""

from collections import OrderedDict

from polytape.gateway.guesses import MOST_ADDRESSES, network_of

MINUTE_S = 60.0


class AddressQuota:
    """`per_minute` requests of each address (one /64 of IPv6). Of so many addresses at most: the
    one that is longest unseen is dropped.
    """

    def __init__(self, per_minute: int, most_addresses: int = MOST_ADDRESSES) -> None:
        self.per_minute = per_minute
        self._most = most_addresses
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    def wait_s(self, address: str, now: float) -> float:
        """Count a request of an address at `now` (seconds that only grow), or say in how many
        seconds the next one may come.
        """
        key = network_of(address)
        began, count = self._counts.get(key, (now, 0))
        if now - began >= MINUTE_S:
            began, count = now, 0
        if count >= self.per_minute:
            return began + MINUTE_S - now
        self._counts[key] = began, count + 1
        self._counts.move_to_end(key)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return 0.0
