// The picture: candles, volume, and what is drawn over them. It knows bars, not where they come from.

import {
  CandlestickSeries,
  ColorType,
  createChart,
  CrosshairMode,
  HistogramSeries,
  PriceScaleMode,
  type CandlestickData,
  type HistogramData,
  type IChartApi,
  type ISeriesApi,
  type MouseEventParams,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";

import { placeOf, type Bar } from "../bars.ts";
import { decimalsOf, formatPrice } from "../format.ts";
import { readTheme, withAlpha, type Theme } from "../theme.ts";
import type { WallClock } from "../time.ts";
import { Bands, NARROW, type Band } from "./bands.ts";
import { ProfileBars } from "./profile.ts";
import { runsOf, SessionShades, type Session } from "./sessions.ts";
import { SwingMarks } from "./swings.ts";

export type Scale = "normal" | "log" | "percent";

const MODES: Record<Scale, PriceScaleMode> = {
  normal: PriceScaleMode.Normal,
  log: PriceScaleMode.Logarithmic,
  percent: PriceScaleMode.Percentage,
};
// Older bars are fetched while so many are left to see.
const NEAR_THE_BEGINNING = 60;
// In pixels, for the names of zones and levels.
const ROOM = { wide: 84, narrow: 40 };
// Of bars at the first sight: more where there is more room, none thinner than this.
const BARS_IN_SIGHT = 160;
const LEAST_SPACING = 4;
const FEW = 40;

export interface Hover {
  place: number;
  bar: Bar;
  price: number | null;
  x: number;
  y: number;
}

export class ChartView {
  onHover: (hover: Hover | null) => void = () => undefined;
  onNearBeginning: () => void = () => undefined;
  readonly bands = new Bands();
  readonly swings = new SwingMarks();
  readonly profile = new ProfileBars();

  private readonly chart: IChartApi;
  private readonly candles: ISeriesApi<"Candlestick">;
  private readonly volume: ISeriesApi<"Histogram">;
  private readonly shades = new SessionShades();
  private theme: Theme = readTheme();
  private bars: Bar[] = [];
  private times: number[] = [];
  private sessions: readonly Session[] = [];
  private intraday = true;
  private clock: WallClock;

  constructor(container: HTMLElement, clock: WallClock) {
    this.clock = clock;
    this.chart = createChart(container, {
      autoSize: true,
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { rightOffsetPixels: ROOM.wide, minBarSpacing: 0.02, enableConflation: true },
      kineticScroll: { mouse: false, touch: true },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.volume = this.chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    for (const drawing of [this.shades, this.profile, this.bands, this.swings]) {
      this.candles.attachPrimitive(drawing);
    }
    this.paint();
    this.chart.subscribeCrosshairMove((event) => this.hover(event));
    // A finger has no hover: it taps.
    this.chart.subscribeClick((event) => this.hover(event));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range !== null && range.from < NEAR_THE_BEGINNING) this.onNearBeginning();
    });
  }

  /** Show other bars; the last ones are in sight. */
  show(bars: Bar[], intraday: boolean): void {
    this.intraday = intraday;
    this.replace(bars);
    this.chart.timeScale().applyOptions({ timeVisible: intraday, secondsVisible: false });
    // The legend takes more lines where the chart is narrow.
    const isNarrow = this.chart.timeScale().width() < NARROW;
    const scaleMargins = { top: isNarrow ? 0.16 : 0.1, bottom: 0.18 };
    this.candles.priceScale().applyOptions({ autoScale: true, scaleMargins });
    if (bars.length === 0) return;
    const width = this.chart.timeScale().width() || 800;
    const room = width < NARROW ? ROOM.narrow : ROOM.wide;
    const some = Math.min(BARS_IN_SIGHT, Math.floor((width - room) / LEAST_SPACING));
    // Few bars stand at the right, as the newest always do.
    const count = Math.max(Math.min(some, bars.length + 2), FEW);
    const to = bars.length - 1 + (room * count) / (width - room);
    this.chart.timeScale().applyOptions({ rightOffsetPixels: room });
    this.chart.timeScale().setVisibleLogicalRange({ from: bars.length - count, to });
  }

  /** The bars of another instant: the newest one stands where the newest one stood. */
  step(bars: Bar[]): void {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    const by = bars.length - this.bars.length;
    this.replace(bars);
    if (range === null) return;
    this.chart.timeScale().setVisibleLogicalRange({ from: range.from + by, to: range.to + by });
  }

  /** Zones of which the middle is in sight, the nearest to a price first. */
  bandsInSight(price: number): Band[] {
    const height = this.chart.paneSize().height;
    const inSight = this.bands.all.filter(({ low, high }) => {
      const y = this.yOf((low + high) / 2);
      return y !== null && y >= 0 && y <= height;
    });
    const away = ({ low, high }: Band) => Math.max(low - price, price - high, 0);
    return inSight.sort((a, b) => away(a) - away(b));
  }

  /** The height of the middle of the zone that is marked. */
  markedAt(): number | null {
    const { chosen } = this.bands;
    return chosen === undefined ? null : this.yOf((chosen.low + chosen.high) / 2);
  }

  /** The same bars with others before, after or among them; what is in sight stays. */
  renew(bars: Bar[]): void {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    const first = this.bars[0];
    const before = first === undefined ? 0 : placeOf(bars, first.time);
    this.replace(bars);
    if (range !== null && before > 0) {
      const { from, to } = range;
      this.chart.timeScale().setVisibleLogicalRange({ from: from + before, to: to + before });
    }
  }

  /** A newer version of the last bar, or the one after it. */
  update(bars: Bar[], bar: Bar): void {
    this.bars = bars;
    const place = bars.length - 1;
    this.times[place] = this.timeOf(bar, this.times[place - 1]);
    this.times.length = bars.length;
    this.candles.update(this.candle(bar, place));
    this.volume.update(this.bar(bar, place));
    this.shade();
  }

  setSessions(sessions: readonly Session[]): void {
    this.sessions = sessions;
    this.shade();
  }

  setClock(clock: WallClock): void {
    this.clock = clock;
    const range = this.chart.timeScale().getVisibleLogicalRange();
    this.replace(this.bars);
    if (range !== null) this.chart.timeScale().setVisibleLogicalRange(range);
  }

  setScale(scale: Scale): void {
    this.candles.priceScale().applyOptions({ mode: MODES[scale] });
  }

  /** The place of the bar that an instant (seconds UTC) falls into. */
  placeAt(instant: number): number {
    return Math.max(0, placeOf(this.bars, instant + 0.5) - 1);
  }

  /** Move by a part of what is in sight; 1 is a whole screen to the right. */
  scroll(screens: number): void {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    if (range === null) return;
    const by = (range.to - range.from) * screens;
    this.chart.timeScale().setVisibleLogicalRange({ from: range.from + by, to: range.to + by });
  }

  zoom(factor: number): void {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    if (range === null) return;
    const wide = Math.max(5, (range.to - range.from) * factor);
    this.chart.timeScale().setVisibleLogicalRange({ from: range.to - wide, to: range.to });
  }

  toEnd(): void {
    this.chart.timeScale().scrollToRealTime();
  }

  fit(): void {
    this.chart.timeScale().fitContent();
  }

  /** The height of a price in pixels from the top of the chart. */
  yOf(price: number): number | null {
    return this.candles.priceToCoordinate(price);
  }

  /** The chart as a picture, with a title. */
  picture(title: string): HTMLCanvasElement {
    const canvas = this.chart.takeScreenshot(true);
    const context = canvas.getContext("2d");
    if (context === null) return canvas;
    const scale = window.devicePixelRatio;
    context.font = `600 ${14 * scale}px ${this.theme.font}`;
    context.fillStyle = this.theme.text;
    context.textBaseline = "top";
    context.fillText(title, 10 * scale, 8 * scale);
    return canvas;
  }

  /** The places of bars, fractions too, between which the screen begins and ends. */
  inSight(): { from: number; to: number } | null {
    return this.chart.timeScale().getVisibleLogicalRange();
  }

  paint(): void {
    const theme = (this.theme = readTheme());
    const { up, down, grid, dim, text } = theme;
    this.chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: theme.background },
        textColor: dim,
        fontFamily: theme.font,
        attributionLogo: true,
      },
      grid: { vertLines: { color: grid }, horzLines: { color: grid } },
      rightPriceScale: { borderColor: grid },
      timeScale: { borderColor: grid },
    });
    this.candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    this.shades.paint({
      "pre-market": theme.preMarket,
      "post-market": theme.postMarket,
      overnight: theme.overnight,
    });
    this.bands.paint(theme.font, text, theme.background);
    this.swings.paint(theme.swing);
    this.profile.paint(theme.profile, text, theme.font);
    if (this.bars.length > 0) this.replace(this.bars);
  }

  private replace(bars: Bar[]): void {
    this.bars = bars;
    const times: number[] = new Array<number>(bars.length);
    for (let place = 0; place < bars.length; place++) {
      times[place] = this.timeOf(bars[place] as Bar, times[place - 1]);
    }
    this.times = times;
    // Without bars it would stand at the left edge, at no price.
    const mode = bars.length === 0 ? CrosshairMode.Hidden : CrosshairMode.Normal;
    this.chart.applyOptions({ crosshair: { mode } });
    const last = bars.at(-1);
    if (last !== undefined) {
      const precision = decimalsOf(last.close);
      this.candles.applyOptions({
        priceFormat: { type: "price", precision, minMove: 10 ** -precision },
      });
    }
    this.candles.setData(bars.map((bar, place) => this.candle(bar, place)));
    this.volume.setData(bars.map((bar, place) => this.bar(bar, place)));
    this.shade();
  }

  /** The axis' time of a bar. The hour that comes twice in autumn is put behind the first. */
  private timeOf(bar: Bar, before: number | undefined): number {
    const time = this.intraday ? this.clock.shift(bar.time) : this.dayOf(bar);
    return before !== undefined && time <= before ? before + 1 : time;
  }

  /** A day is a date, whatever the viewer's zone: it is stamped at midnight New York. */
  private dayOf(bar: Bar): number {
    return Math.round((bar.time - 5 * 3_600) / 86_400) * 86_400;
  }

  private candle(bar: Bar, place: number): CandlestickData<Time> {
    const { open, high, low, close } = bar;
    const time = this.times[place] as UTCTimestamp;
    const { up, down } = this.theme;
    const filled = bar.backfilled ? { borderColor: close < open ? down : up } : {};
    const colour = withAlpha(close < open ? down : up, 0.45);
    return { time, open, high, low, close, ...(bar.backfilled ? { color: colour, ...filled } : {}) };
  }

  private bar(bar: Bar, place: number): HistogramData<Time> {
    const colour = bar.close < bar.open ? this.theme.down : this.theme.up;
    return {
      time: this.times[place] as UTCTimestamp,
      value: bar.volume,
      color: withAlpha(colour, 0.35),
    };
  }

  private shade(): void {
    this.shades.show(this.intraday ? runsOf(this.bars, this.sessions) : []);
  }

  private hover(event: MouseEventParams): void {
    const place = event.logical === undefined ? -1 : Math.round(event.logical);
    const bar = this.bars[place];
    if (bar === undefined || event.point === undefined) {
      this.onHover(null);
      return;
    }
    const price = this.candles.coordinateToPrice(event.point.y);
    this.onHover({ place, bar, price, x: event.point.x, y: event.point.y });
  }
}

/** What the crosshair's legend says of a bar. */
export function legendParts(bar: Bar, before: Bar | undefined): [string, string][] {
  const parts: [string, string][] = [
    ["O", formatPrice(bar.open)],
    ["H", formatPrice(bar.high)],
    ["L", formatPrice(bar.low)],
    ["C", formatPrice(bar.close)],
  ];
  if (before !== undefined && before.close > 0) {
    const change = bar.close - before.close;
    const percent = (100 * change) / before.close;
    const sign = change > 0 ? "+" : change < 0 ? "\u2212" : "";
    const size = Math.abs(change).toFixed(decimalsOf(bar.close));
    parts.push(["", `${sign}${size} (${sign}${Math.abs(percent).toFixed(2)}%)`]);
  }
  return parts;
}
