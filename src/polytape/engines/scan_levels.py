"""The levels that every engine proposes to a scan."""

from collections.abc import Iterable, Iterator, Sequence

from polytape.engines import as_of, fractals
from polytape.engines.camarilla import KEY_LEVELS, camarilla_of_period
from polytape.engines.levels import REACH_ATRS, Level, PriceContext, PriceKind, make_level
from polytape.engines.options import MINUTES_BACK_DAYS, PERIODS, Period, ScanOptions
from polytape.engines.periods import CompletedPeriod
from polytape.engines.volume_profile import VolumeProfile, volume_profile
from polytape.engines.zones import Zone
from polytape.errors import PolygonClientError
from polytape.model.counts import counted
from polytape.model.spans import Span
from polytape.model.timestamps import to_datetime, to_us
from polytape.model.units import MINUTE_US

CAM_TYPES: dict[Period, str] = {"day": "cam-daily", "week": "cam-weekly", "month": "cam-monthly"}
# What PDH, PWL, ONH ... are of their bars.
ANCHORS: dict[str, PriceKind] = {"H": "high", "L": "low", "C": "close"}


class LevelSources:
    """Gathers the levels of all engines: one that fails is noted in `errors`, and the others count.

    `swings`, their `structure` and `profile` (of the longest window) are what was made on the way.
    """

    def __init__(self, known: as_of.AsOfBars, context: PriceContext) -> None:
        self._known = known
        self._context = context
        self.errors: dict[str, str] = {}
        self.profile: VolumeProfile | None = None
        self.swings: tuple[fractals.Swing, ...] = ()
        self.structure: fractals.Structure = "INSUFFICIENT_DATA"

    def levels(
        self, zones: Iterable[Zone], windows: Sequence[int], options: ScanOptions
    ) -> list[Level]:
        """The levels of swings, volume profiles, pivots and zones."""
        levels: list[Level] = []
        for name, source in (
            ("fractal", self._of_swings(options)),
            ("hvn", self._of_profiles(windows, options.percentile)),
            ("camarilla", self._of_pivots(options)),
            ("zones", self._of_zones(zones)),
        ):
            try:
                levels += list(source)
            except PolygonClientError as error:
                self.errors[name] = str(error)
        return levels

    def left_out(self, options: ScanOptions) -> Iterator[str]:
        """A note on given levels too far from the price to count, for the week and for the day."""
        price, reach = self._context.price, self._context.reach
        for name, period, levels in (
            ("weekly", "week", options.weekly_levels),
            ("daily", "day", options.daily_levels),
        ):
            far = [f"{level:.2f}" for level in levels or () if abs(level - price) > reach]
            if not far:
                continue
            text = (
                f"{name} levels left out, farther than {REACH_ATRS:g} daily ATRs ({reach:.2f}) "
                f"from the price {price:.2f}: {', '.join(far)}"
            )
            if len(far) == len(levels or ()):
                lost = f"the last {period}'s high, low and close, which given levels replace"
                text += f"; this scan has no {name} level, nor {lost}"
            yield text

    def _of_swings(self, options: ScanOptions) -> Iterator[Level]:
        known = self._known
        first = as_of.days_back(known.as_of, known.market, MINUTES_BACK_DAYS).start
        method, period = options.atr_method, options.atr_period
        every = fractals.fractals(known.quarters, atr_method=method, atr_period=period)
        result = every.since(to_datetime(first))
        self.swings, self.structure = result.swings, result.structure
        for note in as_of.few(result.bars, result.needed):
            self.errors["fractal"] = note
        for swing in result.swings:
            at = swing.datetime.astimezone(self._known.market.zone)
            yield make_level(
                f"swing {swing.kind} {at:%m-%d %H:%M}",
                "fractal",
                "fractal",
                swing.price,
                context=self._context,
                kind=swing.kind,
                span=_quarter(swing),
                strength=(swing.high - swing.low) / swing.atr if swing.atr else 0.0,
            )

    def _of_profiles(self, windows: Sequence[int], percentile: float) -> Iterator[Level]:
        for days in windows:
            kind = f"hvn-{days}d"
            self.profile = profile = self._profile(days, kind, percentile)
            window = as_of.days_back(self._known.as_of, self._known.market, days)
            for node in profile.hvns:
                yield make_level(
                    f"HVN {days}d #{node.rank}",
                    kind,
                    "hvn",
                    node.price,
                    context=self._context,
                    kind="node",
                    span=window,
                    strength=node.share,
                )

    def _profile(self, days: int, kind: str, percentile: float) -> VolumeProfile:
        """The profile of a window; one whose first days are missing counts as far as it goes."""
        market = self._known.market
        window = as_of.days_back(self._known.as_of, market, days)
        bars = self._known.fives.within(window)
        profile = volume_profile(bars, percentile=percentile)
        if profile.poc is None:
            self.errors[kind] = f"no volume in the last {counted(days, 'day')}"
            return profile
        first, begins = next(market.sessions(window), None), market.date_of(int(bars.timestamp[0]))
        if first is not None and begins > first.day:
            window_text = f"the last {counted(days, 'day')}"
            self.errors[kind] = f"the bars of {window_text} begin on {begins} only"
        return profile

    def _of_pivots(self, options: ScanOptions) -> Iterator[Level]:
        known = self._known
        for period in PERIODS:
            kind, completed = CAM_TYPES[period], known.period(period, options.pivots_of)
            if completed is None:
                self.errors[kind] = f"no completed {period} in the daily bars"
                continue
            try:
                pivots = camarilla_of_period(completed, known.market, variant=options.variant)
            except PolygonClientError as error:
                self.errors[kind] = str(error)
                continue
            drawn = [] if pivots.flat else [n for n in KEY_LEVELS if n not in pivots.undrawable]
            for name in drawn:
                yield make_level(
                    f"{kind} {name}",
                    kind,
                    "camarilla",
                    pivots.levels[name],
                    context=self._context,
                    kind="pivot",
                    span=completed.span,
                    strength=pivots.strength(name),
                )

    def _of_zones(self, zones: Iterable[Zone]) -> Iterator[Level]:
        known = self._known
        spans = {
            "PD": _span_of(known.last("day")),
            "PW": _span_of(known.last("week")),
            "ON": self._night(),
        }
        for zone in zones:
            kind, span = ANCHORS.get(zone.name[2:]), spans.get(zone.name[:2])
            yield make_level(
                f"{zone.type} {zone.name}",
                zone.type,
                zone.family,
                zone.level,
                context=self._context,
                low=zone.low,
                high=zone.high,
                kind=kind if kind is not None and span is not None else _unanchored(zone),
                span=None if kind is None else span,
            )

    def _night(self) -> Span | None:
        """From the last close before the day of the scan to its open, or the scan."""
        market, now = self._known.market, self._known.as_of
        day = market.date_of(now)
        before, session = market.session_before(day), market.session(day)
        if before is None:
            return None
        return Span(
            before.close, max(before.close, now if session is None else min(now, session.open))
        )


def _span_of(completed: CompletedPeriod | None) -> Span | None:
    return None if completed is None else completed.span


def _quarter(swing: fractals.Swing) -> Span:
    """The 15 minutes of a swing's bar."""
    start = to_us(swing.datetime)
    return Span(start, start + 15 * MINUTE_US)


def _unanchored(zone: Zone) -> PriceKind:
    return "range" if zone.family == "atr" else "given"
