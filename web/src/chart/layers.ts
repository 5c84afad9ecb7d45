// What is drawn over the candles: each layer can be switched, the choice is remembered.

import { messageOf } from "../api.ts";
import { h } from "../dom.ts";
import type {
  Engines,
  Pivots,
  Profiles,
  Scan,
  SessionLevels,
  Swings,
  VwapWithCurve,
  Zone,
} from "../engines.ts";
import { formatPrice } from "../format.ts";
import { isTextList, Preference } from "../state.ts";
import type { Theme } from "../theme.ts";
import { instantText, parseInstant, type WallClock } from "../time.ts";
import type { Timeframe } from "../timeframes.ts";
import { distanceText, sideOf } from "../zones.ts";
import type { Band, Line } from "./bands.ts";
import type { Swing } from "./swings.ts";
import type { ChartView } from "./view.ts";
import { curveAt } from "./vwap.ts";

export interface Layer {
  name: string;
  label: string;
  help: string;
}

export const LAYERS: readonly Layer[] = [
  { name: "zones", label: "Zones", help: "Zones of confluence: level, score and parts" },
  { name: "swings", label: "Swings", help: "Swing highs and lows; hollow: may still be replaced" },
  { name: "profile", label: "Profile", help: "Volume by price: value area, point of control, nodes" },
  { name: "pivots", label: "Pivots", help: "Camarilla pivots of the last completed day" },
  { name: "vwap", label: "VWAP", help: "The session's VWAP with its bands" },
  { name: "session", label: "Session", help: "Open, pre-market price, daily ATR band" },
];
const DEFAULT_LAYERS = ["zones", "swings"];
const WINDOWS = ["7", "14", "30"];
// L1 to L5: how strong a band is drawn.
const STRENGTH: Record<string, number> = { L1: 0.15, L2: 0.3, L3: 0.5, L4: 0.75, L5: 1 };

interface Readings {
  zones?: Scan;
  swings?: Swings;
  profile?: Profiles;
  pivots?: Pivots;
  vwap?: VwapWithCurve;
  session?: SessionLevels;
}

/** A price, and since when it is known, seconds UTC of the market. */
export interface Priced {
  price: number;
  at: number;
}

/** What is drawn of: swings are those of the chart's own bars, within the day. */
export interface LayersSubject {
  symbol: string;
  asOf: number | null;
  timeframe: Timeframe;
}

export class Layers {
  onChange: () => void = () => undefined;
  onError: (text: string) => void = () => undefined;
  readings: Readings = {};
  private readonly chosen = new Preference<string[]>("layers", DEFAULT_LAYERS, isTextList);
  private readonly window = new Preference<string>("profile", "30", (value): value is string =>
    WINDOWS.includes(value as string),
  );
  private ended = new AbortController();
  private readonly engines: Engines;
  private subject: LayersSubject | null = null;
  /** What the readings are of, or were at least known at. */
  private of: LayersSubject | null = null;

  constructor(engines: Engines) {
    this.engines = engines;
  }

  isOn(name: string): boolean {
    return this.chosen.value.includes(name);
  }

  toggle(name: string): void {
    const on = this.isOn(name);
    const others = this.chosen.value.filter((layer) => layer !== name);
    this.chosen.value = on ? others : [...others, name];
    this.onChange();
    if (!on) void this.read(name as keyof Readings);
  }

  get windowDays(): string {
    return this.window.value;
  }

  /** The next window of the profile: 7, 14, 30 days. */
  nextWindow(): void {
    const place = WINDOWS.indexOf(this.window.value);
    this.window.value = WINDOWS[(place + 1) % WINDOWS.length] ?? "30";
    this.onChange();
  }

  /** Of another symbol or instant: what was read of the one before is dropped at once; but on the way
   * from one past instant to a later one it stays until the new is there, for it was known then, too.
   */
  leave({ symbol, asOf }: Pick<LayersSubject, "symbol" | "asOf">): void {
    const before = this.subject;
    if (before?.symbol === symbol && before.asOf === asOf) return;
    this.ended.abort();
    this.ended = new AbortController();
    this.subject = null;
    const isLater = this.of?.symbol === symbol && this.of.asOf !== null && asOf !== null && asOf > this.of.asOf;
    if (isLater) return;
    this.readings = {};
    this.onChange();
  }

  /** Read what is switched on; of the same symbol and instant only the swings are other ones. */
  async turnTo(subject: LayersSubject): Promise<void> {
    const before = this.subject;
    this.subject = subject;
    this.of = subject;
    if (before?.symbol === subject.symbol && before.asOf === subject.asOf) {
      const { swings: _, ...others } = this.readings;
      this.readings = others;
      this.onChange();
      if (this.isOn("swings")) await this.read("swings");
      return;
    }
    await this.refresh();
  }

  /** The instant of the oldest of what is drawn, seconds UTC; null: nothing is. */
  get knownAt(): number | null {
    const drawn = this.chosen.value.flatMap((name) => this.readings[name as keyof Readings] ?? []);
    return drawn.length === 0 ? null : Math.min(...drawn.map(({ as_of }) => parseInstant(as_of)));
  }

  async refresh(): Promise<void> {
    await Promise.all(this.chosen.value.map((name) => this.read(name as keyof Readings)));
  }

  private async read(name: keyof Readings): Promise<void> {
    const { subject, ended } = this;
    if (subject === null) return;
    const { symbol, asOf, timeframe } = subject;
    const { signal } = ended;
    const { engines } = this;
    try {
      const reading = await {
        zones: () => engines.scan(symbol, asOf, signal),
        swings: () =>
          timeframe.intraday
            ? engines.swings(symbol, timeframe.name, asOf, signal)
            : Promise.resolve(undefined),
        profile: () => engines.profiles(symbol, asOf, signal),
        pivots: () => engines.pivots(symbol, asOf, signal),
        vwap: () => engines.vwap(symbol, asOf, signal),
        session: () => engines.session(symbol, asOf, signal),
      }[name]();
      if (ended !== this.ended || (name === "swings" && subject !== this.subject)) return;
      this.readings = { ...this.readings, [name]: reading };
      this.onChange();
    } catch (error) {
      const text = messageOf(error);
      if (text !== null && ended === this.ended) this.onError(`${name}: ${text}`);
    }
  }

  /** Put what is chosen, and known, on the chart; zones beside the newer of the price of their scan and
   * the chart's last one.
   */
  draw(view: ChartView, theme: Theme, last: Priced | null): void {
    const of = <K extends keyof Readings>(name: K) => (this.isOn(name) ? this.readings[name] : undefined);
    const scan = of("zones");
    const bands = scan === undefined ? [] : bandsOf(scan, last, theme);
    const placeAt = (instant: number) => view.placeAt(instant);
    view.bands.show(bands, this.lines(theme, placeAt));
    view.swings.show(of("swings")?.swings ?? [], placeAt);
    const profiles = of("profile")?.profiles ?? [];
    const wanted = profiles.find((profile) => profile.days === this.window.value);
    view.profile.show(wanted ?? profiles[0] ?? null);
  }

  private lines(theme: Theme, placeAt: (instant: number) => number): Line[] {
    const lines: Line[] = [];
    if (this.isOn("session")) lines.push(...sessionLines(this.readings.session, theme));
    // A day's curve would be one bar of days.
    const places = this.of?.timeframe.intraday === true ? placeAt : null;
    if (this.isOn("vwap")) lines.push(...vwapLines(this.readings.vwap, theme, places));
    if (this.isOn("pivots")) lines.push(...pivotLines(this.readings.pivots, theme));
    return lines;
  }
}

function bandsOf(scan: Scan, last: Priced | null, theme: Theme): Band[] {
  const price = last !== null && last.at >= parseInstant(scan.as_of) ? last.price : scan.price;
  return scan.zones.map((zone) => {
    return bandOf({ ...zone, kind: sideOf(zone, price) }, price, scan.atr_day, theme);
  });
}

function bandOf(zone: Zone, price: number, atrDay: number | null, theme: Theme): Band {
  const colour = zone.kind === "support" ? theme.support : theme.resistance;
  return {
    low: zone.low,
    high: zone.high,
    colour,
    strength: STRENGTH[zone.level] ?? 0.5,
    label: `${zone.level} · ${zone.score.toFixed(1)}`,
    short: zone.level,
    detail: () => zoneDetail(zone, price, atrDay),
  };
}

/** A zone in words: its level, its distance from the price, score, and each part with
 * price, weight and kind.
 */
export function zoneDetail(zone: Zone, price: number, atrDay: number | null): HTMLElement {
  const chips = zone.parts.map((part) =>
    h(
      "span",
      { class: "chip", title: part.same_as.length > 0 ? `also ${part.same_as.join(", ")}` : "" },
      part.name,
      h("b", {}, formatPrice(part.level)),
      h("i", {}, `×${part.weight} ${part.family}`),
    ),
  );
  const rate = rateText(zone.rate);
  return h(
    "div",
    { class: `zone-detail ${zone.kind}` },
    h(
      "header",
      {},
      h("strong", {}, zone.level),
      ` ${zone.kind} ${formatPrice(zone.low)}–${formatPrice(zone.high)}`,
    ),
    h("p", {}, distanceText(zone, price, atrDay)),
    h("p", {}, `score ${zone.score.toFixed(1)} · votes: ${zone.votes.join(", ")}`),
    rate === null ? null : h("p", {}, rate),
    h("div", { class: "chips" }, ...chips),
  );
}

function rateText(rate: Record<string, unknown> | null): string | null {
  if (rate === null) return null;
  const shown = Object.entries(rate).filter(([, value]) => typeof value === "number");
  if (shown.length === 0) return null;
  return `rate: ${shown.map(([name, value]) => `${name} ${Number(value).toFixed(2)}`).join(", ")}`;
}

function pivotLines(pivots: Pivots | undefined, theme: Theme): Line[] {
  const levels = pivots?.pivots["day"]?.levels ?? {};
  return Object.entries(levels).map(([name, price]) => {
    const side = name.startsWith("R") ? theme.resistance : theme.support;
    return { price, label: name, colour: name === "PP" ? theme.pivot : side, dashed: true };
  });
}

function vwapLines(
  vwap: VwapWithCurve | undefined,
  theme: Theme,
  placeAt: ((instant: number) => number) | null,
): Line[] {
  return (vwap?.levels ?? []).map(({ name, deviations, price }) => ({
    price,
    label: name,
    short: name.replace("VWAP ", "").replace(" SD", "σ"),
    colour: theme.vwap,
    dashed: deviations !== 0,
    ...(placeAt === null || vwap === undefined ? {} : { curve: curveAt(vwap.curve, deviations, placeAt) }),
  }));
}

function sessionLines(session: SessionLevels | undefined, theme: Theme): Line[] {
  if (session === undefined) return [];
  const named: [string, string, string | null][] = [
    ["Open", "O", session.open_price],
    ["Pre-market", "Pre", session.pre_market_price],
    ["ATR high", "ATR+", session.atr_high],
    ["ATR low", "ATR\u2212", session.atr_low],
  ];
  return named.flatMap(([label, short, price]) =>
    price === null ? [] : [{ price: Number(price), label, short, colour: theme.pivot, dashed: true }],
  );
}

export function swingText(swing: Swing, clock: WallClock): string {
  const confirmed = instantText(clock, swing.confirmedAt, true);
  const settled =
    swing.settledAt === null
      ? "a later one may replace it"
      : `settled ${instantText(clock, swing.settledAt, true)}`;
  return `Swing ${swing.kind} ${formatPrice(swing.price)}, confirmed ${confirmed}, ${settled}`;
}
