"""From settings to a source of bars."""

from collections.abc import Callable, Mapping
from pathlib import Path

from polytape.cli.budget import plan_of
from polytape.cli.clock import now_us
from polytape.cli.output import note
from polytape.cli.stores import has_bars
from polytape.errors import ConfigurationError
from polytape.model.market import Market
from polytape.net import http, storage
from polytape.settings import Settings, key_cure
from polytape.upstream.answer_store import AnswerStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.clock_check import ClockCheck
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.made_up_check import MadeUpCheck
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.source import Polygon
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.source import Synthetic


def choose_upstream(
    settings: Settings,
    market: Market,
    budget: Budget,
    answers: AnswerStore,
    now: Callable[[], int] = now_us,
) -> Upstream | None:
    """The source that the settings name; None where only stored bars are to be served. `now` gives
    a made-up market's time, microseconds UTC.

    Raises: ConfigurationError with the ways out.
    """
    auto_polygon = settings.source == "auto" and settings.api_key is not None
    name = "polygon" if auto_polygon else settings.source
    if settings.speed is not None and name != "synthetic":
        raise ConfigurationError("--speed is a made-up market's: add --source synthetic")
    if settings.data is not None and name not in ("flatfiles", "polygon"):
        raise ConfigurationError("--data names flat files: add --source flatfiles")
    match name:
        case "synthetic":
            return Synthetic(market, now, seed=settings.seed).upstream()
        case "flatfiles":
            return flat_files(settings, market, answers).upstream()
        case "polygon":
            return polygon(settings, market, budget, answers)
    if name == "none" or has_bars(settings):
        return None
    raise ConfigurationError(
        f"no source of bars: for the vendor's prices {key_cure()}; for made-up ones say "
        "--source synthetic"
    )


def flat_files(
    settings: Settings, market: Market, answers: AnswerStore, *, beside_api: bool = False
) -> FlatFiles:
    """The flat files of `--data`: a folder, or the vendor's bucket with its own keys.

    Raises: ConfigurationError without `--data`, or without the bucket's keys.
    """
    if settings.data is None:
        raise ConfigurationError("--source flatfiles needs --data DIR, or --data s3://flatfiles")
    covers = not beside_api
    if not settings.data.startswith("s3://"):
        root = Path(settings.data)
        return FlatFiles(root, market, settings.splits, covers_unlisted=covers, now=now_us)
    if settings.files_key is None or settings.files_secret is None:
        raise ConfigurationError(
            f"{settings.data} needs its keys: set POLYTAPE_FILES_KEY and POLYTAPE_FILES_SECRET "
            "(the vendor's dashboard shows them; they are not the API key)"
        )
    bucket = storage.open_bucket(
        settings.data,
        endpoint=settings.files_endpoint,
        key=settings.files_key.reveal(),
        secret=settings.files_secret.reveal(),
    )
    splits = settings.splits
    return FlatFiles(bucket, market, splits, answers, covers_unlisted=covers, now=now_us)


def polygon(settings: Settings, market: Market, budget: Budget, answers: AnswerStore) -> Upstream:
    """The vendor's API, with its flat files beside it where `--data` names them.

    Raises: ConfigurationError without the vendor's key.
    """
    files = None
    if settings.data is not None:
        files = flat_files(settings, market, answers, beside_api=True).days
    if settings.api_key is None:
        raise ConfigurationError(f"--source polygon needs the vendor's key: {key_cure()}")
    key = http.check_key(settings.api_key.reveal(), "POLYGON_API_KEY")
    url = http.check_url(settings.vendor_url, "vendor_url")
    if url.startswith("http:") and not http.is_loopback(url):
        note(f"{url} is not encrypted: whoever is on the way reads the API key; https:// hides it")
    clock = ClockCheck(now_us)
    driver = http.SyncDriver(url, sleep=budget.sleep)
    check = MadeUpCheck(answers, now_us)

    def heard(headers: Mapping[str, str]) -> None:
        clock.heard(headers)
        check.heard(headers)

    connection = VendorConnection(driver, budget, key, on_headers=heard)
    plan, said = plan_of(settings), check.made_up
    source = Polygon(connection, market, clock.earliest, plan, answers, clock, said)
    return source.upstream(files)
