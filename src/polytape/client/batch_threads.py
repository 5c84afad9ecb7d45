"""Many queries at once, on threads."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from polytape.client import batch
from polytape.client.core import Core, Outcome
from polytape.errors import PolygonClientError
from polytape.model.query import BarsQuery
from polytape.net.http import SyncDriver
from polytape.net.tracing import in_context


def fetch_on_threads(
    core: Core, driver: SyncDriver, queries: Collection[BarsQuery]
) -> list[Outcome]:
    """The bars of each query or what is wrong with it, in their order: several a request first,
    then each that is to be sent alone. What is one request takes no thread.
    """

    def together(group: list[BarsQuery]) -> list[Outcome | None]:
        return driver.run(core.outcomes_together(group))

    def alone(query: BarsQuery) -> Outcome:
        try:
            return driver.run(core.bars(query))
        except PolygonClientError as error:
            return error

    groups = batch.groups(queries, core.market)
    with ThreadPoolExecutor(batch.AT_ONCE, thread_name_prefix="polytape-fetch") as pool:
        on_threads = len(groups) > 1
        first = pool.map(in_context(together), groups) if on_threads else map(together, groups)
        outcomes = list(chain.from_iterable(first))
        left = [query for query, one in zip(queries, outcomes, strict=True) if one is None]
        rest = pool.map(in_context(alone), left)
        return [next(rest) if one is None else one for one in outcomes]
