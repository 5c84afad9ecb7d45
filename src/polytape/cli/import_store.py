"""The store that `polytape history import` writes to."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

from polytape.cli import stores
from polytape.cli.options import StoreOptions
from polytape.errors import ConfigurationError
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.net.storage import Storage
from polytape.settings import load
from polytape.store.about import IMPORTED
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore


class ImportStore:
    """A store that is there is opened at once; a new one is made when the first bars are written,
    so that files of which nothing is kept leave no empty one.

    Raises: ConfigurationError for a store of another source.
    """

    def __init__(self, storage: Storage, identity: str) -> None:
        self.storage = storage
        self._identity = identity
        self._store: SegmentStore | None = None
        if stores.is_store(storage):
            self.opened()

    @property
    def is_there(self) -> bool:
        """Whether there is such a store by now."""
        return self._store is not None

    def opened(self) -> SegmentStore:
        """The store, made where there is none."""
        if self._store is None:
            self._store = stores.claim_store(self.storage, self._identity)
        return self._store

    def write(
        self,
        series: Series,
        market: MarketBars,
        coverage: Iterable[Coverage],
        *,
        now: int | None = None,
    ) -> None:
        """As `SegmentStore.write`."""
        self.opened().write(series, market, coverage, now=now)

    def close(self) -> None:
        """End the reading threads."""
        if self._store is not None:
            self._store.close()


@contextmanager
def opened_import(options: StoreOptions, *, own: bool) -> Iterator[ImportStore]:
    """The store that `--store` names, else the one of the source; closed afterwards. `own`: files
    of one's own, whose bars never lie among the vendor's.

    Raises: ConfigurationError for `--store none`, or a store of another source.
    """
    settings = load(**options)
    identity = IMPORTED if own else stores.store_identity(settings)
    location = settings.store or stores.location_for(identity)
    if location == "none":
        raise ConfigurationError(stores.NO_STORE)
    with closing(ImportStore(stores.storage_at(location), identity)) as store:
        yield store
