// The chart of one place (symbol, timeframe, instant): it loads, lives and says how old it is.

import { ApiError, messageOf, type Api } from "../api.ts";
import type { GatewayClock } from "../clock.ts";
import type { Bar } from "../bars.ts";
import { byId, fill, h, placeWithin, setClass, setText } from "../dom.ts";
import type { Engines } from "../engines.ts";
import { formatPrice, formatVolume } from "../format.ts";
import { readSessions } from "../hours.ts";
import type { Place } from "../state.ts";
import type { FeedNotice, LiveBar } from "../stream.ts";
import { emptyText, meantOf } from "../symbols.ts";
import { readTheme } from "../theme.ts";
import { instantText, type WallClock } from "../time.ts";
import { endOf } from "../timeframes.ts";
import type { Band } from "./bands.ts";
import { Layers, LAYERS, swingText } from "./layers.ts";
import { LevelsWatch } from "./levels.ts";
import { BarLoader } from "./loader.ts";
import type { Session } from "./sessions.ts";
import { ChartView, legendParts, type Hover, type Scale } from "./view.ts";

// The gateway's own bar of a longer timeframe, once a minute of it has come.
const RENEW_AFTER_MS = 300;
// As long as the style sheet waits with the word: nothing flickers while one steps through a day.
const SLOW_AFTER_MS = 250;
const WEEK_S = 7 * 86_400;
const LONG_AGO_S = 60 * 86_400;

export class Desk {
  readonly layers: Layers;
  readonly view: ChartView;
  loader: BarLoader | null = null;
  onBars: () => void = () => undefined;
  /** The bars are on the screen, or cannot be had. */
  onShown: () => void = () => undefined;
  /** Symbols that a wrong one may mean. */
  findMeant: (symbol: string) => Promise<string[]> = () => Promise.resolve([]);
  onPick: (symbol: string) => void = () => undefined;
  onAsOf: (instant: number) => void = () => undefined;

  private readonly api: Api;
  private readonly time: GatewayClock;
  private readonly levels: LevelsWatch;
  private wall: WallClock;
  private readonly home: WallClock;
  private sessions: Session[] = [];
  private sessionsFrom = Infinity;
  private renewal: number | undefined;
  private hover: Hover | null = null;
  private zone: Band | undefined;
  private tipped: Band | undefined;
  /** When the last bar was as it is, seconds UTC of the market. */
  private pricedAt = 0;

  constructor(api: Api, engines: Engines, time: GatewayClock, wall: WallClock, home: WallClock) {
    this.api = api;
    this.time = time;
    this.wall = wall;
    this.home = home;
    this.view = new ChartView(byId("chart"), wall);
    this.layers = new Layers(engines);
    this.layers.onChange = () => this.draw();
    this.layers.onError = (text) => this.note(text);
    this.view.onHover = (hover) => this.hovered(hover);
    this.view.onNearBeginning = () => void this.older();
    this.levels = new LevelsWatch(this.layers, time, home, () => this.loader?.subject.asOf === null);
    this.makeSwitches();
  }

  /** Show a place: its bars first, then what the engines say of it. */
  async show(place: Place): Promise<void> {
    const before = this.loader;
    before?.end();
    const { symbol, timeframe, asOf } = place;
    const loader = new BarLoader(this.api, { symbol, timeframe, asOf }, () => this.time.now(), this.home);
    this.loader = loader;
    // From one past instant to another of the same chart, what is in sight stays as wide as it is.
    const isStep =
      before?.subject.symbol === symbol &&
      before.subject.timeframe === timeframe &&
      before.subject.asOf !== null &&
      asOf !== null &&
      before.bars.length > 0;
    this.leaveZone();
    this.layers.leave({ symbol, asOf });
    this.note("");
    this.state("loading", `Loading ${symbol}…`);
    const clearing = window.setTimeout(() => {
      // It takes a while: no bars of another symbol or timeframe stay under the new name.
      if (!isStep && loader === this.loader) this.view.show([], timeframe.intraday);
    }, SLOW_AFTER_MS);
    setText(byId("subject"), `${symbol} · ${timeframe.label}`);
    if (!isStep) {
      fill(byId("legend"));
      for (const id of ["made-up", "as-traded", "old-bars"]) setClass(byId(id), "hidden", true);
    }
    try {
      const bars = await loader.first().finally(() => window.clearTimeout(clearing));
      if (loader !== this.loader) return;
      if (isStep) this.view.step(bars);
      else this.view.show(bars, timeframe.intraday);
      this.state(bars.length === 0 ? "empty" : "ready", emptyText(symbol, asOf, this.home));
      this.legend();
      this.offerPast(bars.at(-1));
      // After the frame that has them.
      requestAnimationFrame(() => setTimeout(() => performance.mark("bars-painted")));
      this.onShown();
      this.pricedAt = this.time.now();
      const levels = this.levels.follow(() => this.layers.turnTo({ symbol, asOf, timeframe }));
      await this.readSessions(bars[0]?.time);
      if (loader !== this.loader) return;
      this.view.setSessions(this.sessions);
      this.draw();
      this.onBars();
      await levels;
    } catch (error) {
      const text = messageOf(error);
      if (text === null || loader !== this.loader) return;
      this.view.show([], timeframe.intraday);
      this.failed(place, error, text);
      this.onShown();
    }
  }

  /** Bars of the feed, whosever they are. */
  live(bars: readonly LiveBar[]): void {
    const { loader } = this;
    if (loader === null) return;
    let isOurs = false;
    for (const live of bars) {
      if (live.symbol !== loader.subject.symbol || loader.subject.asOf !== null) continue;
      const bar = loader.take(live);
      if (bar !== null) {
        if (loader.bars.at(-1) === bar) this.view.update(loader.bars, bar);
        else this.view.renew(loader.bars);
        isOurs = true;
      }
      if (live.kind === "AM" && loader.subject.timeframe.seconds !== 60) this.renewSoon();
    }
    if (isOurs) this.priced();
    this.onBars();
  }

  /** The market's clock was turned: bars and levels are of another time. */
  turned(): void {
    this.renewSoon();
    this.levels.turn();
  }

  /** After a break: what was missed is in the history. */
  notice(notice: FeedNotice): void {
    if (["gap", "backfilled", "reconnected", "subscribed"].includes(notice.kind)) this.renewSoon();
  }

  setWall(wall: WallClock): void {
    this.wall = wall;
    this.view.setClock(wall);
    this.legend();
  }

  setScale(scale: Scale): void {
    this.view.setScale(scale);
  }

  paint(): void {
    this.view.paint();
    this.draw();
  }

  /** The end of the bar `by` places from an instant on: for stepping through the past. */
  async step(from: number, by: number): Promise<number | null> {
    const { loader } = this;
    if (loader === null) return null;
    const { symbol, timeframe } = loader.subject;
    if (by < 0) {
      const known = loader.bars;
      const bar = known[known.length - 1 + by] ?? known[0];
      return bar === undefined ? null : endOf(timeframe, bar.time, this.home);
    }
    // The bar that is still growing at that instant has begun before it.
    const [start, end] = [from - timeframe.seconds, from + timeframe.pageDays * 86_400];
    const { bars } = await this.api.bars({ symbol, timeframe: timeframe.name, start, end });
    const ends = bars.map((bar) => endOf(timeframe, bar.time, this.home));
    return ends.filter((instant) => instant > from + 0.5)[by - 1] ?? null;
  }

  private async older(): Promise<void> {
    const { loader } = this;
    if (loader === null) return;
    try {
      const bars = await loader.older();
      if (bars === null || loader !== this.loader) return;
      await this.readSessions(bars[0]?.time);
      if (loader !== this.loader) return;
      this.view.renew(loader.bars);
      this.view.setSessions(this.sessions);
      this.draw();
    } catch (error) {
      const text = messageOf(error);
      if (text !== null && loader === this.loader) this.note(`older bars: ${text}`);
    }
  }

  private renewSoon(): void {
    if (this.renewal !== undefined) return;
    this.renewal = window.setTimeout(() => {
      this.renewal = undefined;
      void this.renew();
    }, RENEW_AFTER_MS);
  }

  private async renew(): Promise<void> {
    const { loader } = this;
    if (loader === null || loader.subject.asOf !== null || loader.bars.length === 0) return;
    try {
      const bars = await loader.newest();
      if (loader !== this.loader) return;
      this.view.renew(bars);
      this.priced();
      this.onBars();
    } catch (error) {
      const text = messageOf(error);
      if (text !== null && loader === this.loader) this.note(text);
    }
  }

  /** The last bar has another price: what is above it and what below. */
  private priced(): void {
    this.pricedAt = this.time.now();
    this.legend();
    this.draw();
  }

  private async readSessions(first: number | undefined): Promise<void> {
    const { subject } = this.loader ?? {};
    if (first === undefined || subject === undefined || !subject.timeframe.intraday) return;
    const newest = this.sessions.at(-1)?.ends ?? 0;
    if (first >= this.sessionsFrom && newest > this.time.now()) return;
    this.sessions = await readSessions(this.api, this.home, first - WEEK_S, this.time.now() + WEEK_S);
    this.sessionsFrom = first;
  }

  /** The trading days that are known so far, in order. */
  get days(): readonly Session[] {
    return this.sessions;
  }

  private draw(): void {
    const last = this.loader?.subject.asOf === null ? this.loader.bars.at(-1) : undefined;
    const priced = last === undefined ? null : { price: last.close, at: this.pricedAt };
    this.layers.draw(this.view, readTheme(), priced);
    for (const layer of LAYERS) {
      const on = this.layers.isOn(layer.name);
      byId(`layer-${layer.name}`).setAttribute("aria-pressed", String(on));
    }
    setText(byId("window"), `${this.layers.windowDays}d`);
  }

  private makeSwitches(): void {
    const place = byId("layers");
    LAYERS.forEach(({ name, label, help }) => {
      const toggle = () => this.layers.toggle(name);
      place.append(
        h("button", { id: `layer-${name}`, title: help, onclick: toggle, type: "button" }, label),
      );
      if (name !== "profile") return;
      const next = () => this.layers.nextWindow();
      const title = "Days of the profile: 7, 14, 30";
      place.append(h("button", { id: "window", title, onclick: next, type: "button" }, "30d"));
    });
  }

  private hovered(hover: Hover | null): void {
    this.hover = hover;
    this.legend();
    const band = hover?.price == null ? undefined : this.view.bands.bandAt(hover.price);
    this.tip(band, hover?.x ?? 0, hover?.y ?? 0);
  }

  /** What the pointer shows by hovering, for the keyboard: of the zones in sight one after the other,
   * the nearest to the last price first; after the last one, none.
   */
  nextZone(): void {
    const bands = this.view.bandsInSight(this.loader?.bars.at(-1)?.close ?? 0);
    const before = this.zone;
    const same = ({ low, high }: Band) => low === before?.low && high === before.high;
    this.zone = bands[bands.findIndex(same) + 1];
    this.view.bands.mark(this.zone);
    if (bands.length === 0) this.note("No zone in sight: z switches zones on, f shows all bars");
    const y = this.zone === undefined ? null : this.view.yOf(this.zone.low);
    this.tip(this.zone, 60, y ?? 60);
  }

  /** Close what is shown of a zone. */
  leaveZone(): void {
    this.zone = undefined;
    this.view.bands.mark(undefined);
    this.tip(undefined, 0, 0);
  }

  private tip(band: Band | undefined, x: number, y: number): void {
    const tip = byId("tip");
    if (band !== this.tipped) fill(tip, band?.detail?.() ?? null);
    this.tipped = band;
    setClass(tip, "hidden", band?.detail === undefined);
    if (band?.detail === undefined) return;
    placeWithin(tip, byId("chart"), x, y);
  }

  /** The line over the chart: of the bar under the pointer, else of the last one. */
  legend(): void {
    const { loader } = this;
    if (loader === null) return;
    const { bars, subject, metadata } = loader;
    const place = this.hover?.place ?? bars.length - 1;
    const bar = bars[place];
    setText(byId("subject"), `${subject.symbol} · ${subject.timeframe.label}`);
    setClass(byId("made-up"), "hidden", metadata?.made_up !== true);
    setClass(byId("as-traded"), "hidden", metadata?.adjusted !== false);
    const line = byId("legend");
    if (bar === undefined) {
      fill(line);
      return;
    }
    const parts = legendParts(bar, bars[place - 1]);
    parts.push(["V", formatVolume(bar.volume)]);
    if (bar.vwap !== null) parts.push(["VWAP", formatPrice(bar.vwap)]);
    const up = bar.close >= bar.open;
    fill(
      line,
      h("time", {}, instantText(this.wall, bar.time, subject.timeframe.intraday)),
      ...parts.map(([name, text]) =>
        h("span", { class: up ? "up" : "down" }, name ? h("i", {}, name) : null, text),
      ),
      this.isForming(bar) ? h("em", {}, "forming") : null,
      bar.backfilled ? h("em", {}, "filled after a break") : null,
    );
    const swing = this.hover === null ? undefined : this.view.swings.at(place);
    setText(byId("swing"), swing === undefined ? "" : swingText(swing, this.wall));
  }

  private state(name: "loading" | "empty" | "ready" | "failed", text: string): void {
    const panel = byId("chart-state");
    panel.dataset["state"] = name;
    setClass(panel, "hidden", name === "ready");
    setText(panel, text);
  }

  /** Say why there is no chart, and what can be done: another symbol, or the same once more. */
  private failed(place: Place, error: unknown, text: string): void {
    const isApi = error instanceof ApiError;
    const { reason, meant } = meantOf(text);
    this.state("failed", isApi ? reason : `Something broke here: ${text}`);
    const panel = byId("chart-state");
    if (isApi && error.status === 404) {
      void this.offerMeant(place.symbol, meant);
      return;
    }
    const again = () => {
      this.api.askAgain();
      void this.show(place);
    };
    panel.append(h("p", {}, h("button", { type: "button", onclick: again }, "Try again")));
  }

  /** Bars of long ago say nothing of now: neither zones nor feed. As of their end they do. */
  private offerPast(last: Bar | undefined): void {
    const { subject } = this.loader ?? {};
    const button = byId("old-bars");
    const end = last === undefined || subject === undefined ? 0 : endOf(subject.timeframe, last.time, this.home);
    const isOld = subject?.asOf === null && end > 0 && this.time.now() - end > LONG_AGO_S;
    setClass(button, "hidden", !isOld);
    if (!isOld) return;
    setText(button, `The last bar is of ${instantText(this.home, last?.time ?? end, false)}: show it as of then`);
    button.onclick = () => this.onAsOf(end);
  }

  /** Offer what the gateway says may be meant; where it says nothing, what the search finds. */
  private async offerMeant(symbol: string, known: readonly string[]): Promise<void> {
    const { loader } = this;
    const meant = known.length > 0 ? known : await this.findMeant(symbol).catch(() => []);
    if (loader !== this.loader || meant.length === 0) return;
    const buttons = meant.map((name) => {
      return h("button", { type: "button", onclick: () => this.onPick(name) }, name);
    });
    byId("chart-state").append(h("p", { id: "meant" }, "Did you mean ", ...buttons));
  }

  private isForming(bar: Bar): boolean {
    const { subject } = this.loader ?? {};
    if (bar.forming === true || subject === undefined || subject.asOf !== null) return bar.forming === true;
    return endOf(subject.timeframe, bar.time, this.home) > this.time.now();
  }

  private note(text: string): void {
    setText(byId("chart-note"), text);
  }
}
