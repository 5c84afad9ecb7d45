// The chart of one place (symbol, timeframe, instant): it loads, lives and says how old it is.

import { ApiError, messageOf, API, type Api } from "../api.ts";
import type { GatewayClock } from "../clock.ts";
import { byId, fill, h, setClass, setText } from "../dom.ts";
import type { Engines } from "../engines.ts";
import { formatPrice, formatVolume } from "../format.ts";
import type { Place } from "../state.ts";
import type { FeedNotice, LiveBar } from "../stream.ts";
import { readTheme } from "../theme.ts";
import { dateText, instantText, isoText, parseInstant, type WallClock } from "../time.ts";
import type { Band } from "./bands.ts";
import { Layers, LAYERS, swingText } from "./layers.ts";
import { BarLoader } from "./loader.ts";
import type { Session } from "./sessions.ts";
import { ChartView, legendParts, type Hover, type Scale } from "./view.ts";

// The gateway's own bar of a longer timeframe, once a minute of it has come.
const RENEW_AFTER_MS = 300;
const LEVELS_EVERY_MS = 60_000;

interface SessionRow {
  date: string;
  start: string;
  pre_market_start: string;
  open: string;
  close: string;
  end: string;
  early_close: boolean;
}

export class Desk {
  readonly layers: Layers;
  readonly view: ChartView;
  loader: BarLoader | null = null;
  onBars: () => void = () => undefined;
  /** The bars are on the screen, or cannot be had. */
  onShown: () => void = () => undefined;

  private readonly api: Api;
  private readonly time: GatewayClock;
  private wall: WallClock;
  private readonly home: WallClock;
  private sessions: Session[] = [];
  private sessionsFrom = Infinity;
  private renewal: number | undefined;
  private hover: Hover | null = null;
  private zone: Band | undefined;
  private tipped: Band | undefined;

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
    window.setInterval(() => this.refreshLevels(), LEVELS_EVERY_MS);
    this.makeSwitches();
  }

  /** Show a place: its bars first, then what the engines say of it. */
  async show(place: Place): Promise<void> {
    this.loader?.end();
    const { symbol, timeframe, asOf } = place;
    const loader = new BarLoader(this.api, { symbol, timeframe, asOf }, () => this.time.now());
    this.loader = loader;
    this.zone = undefined;
    this.layers.leave({ symbol, asOf });
    this.note("");
    this.state("loading", `Loading ${symbol}…`);
    setText(byId("subject"), `${symbol} · ${timeframe.label}`);
    fill(byId("legend"));
    try {
      const bars = await loader.first();
      if (loader !== this.loader) return;
      this.view.show(bars, timeframe.intraday);
      this.state(bars.length === 0 ? "empty" : "ready", emptyText(symbol, asOf));
      this.legend();
      // After the frame that has them.
      requestAnimationFrame(() => setTimeout(() => performance.mark("bars-painted")));
      this.onShown();
      const levels = this.layers.turnTo({ symbol, asOf, timeframe });
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
      this.state("failed", error instanceof ApiError ? text : `Something broke here: ${text}`);
      this.onShown();
    }
  }

  /** Bars of the feed, whosever they are. */
  live(bars: readonly LiveBar[]): void {
    const { loader } = this;
    if (loader === null) return;
    for (const live of bars) {
      if (live.symbol !== loader.subject.symbol || loader.subject.asOf !== null) continue;
      const bar = loader.take(live);
      if (bar !== null) {
        if (loader.bars.at(-1) === bar) this.view.update(loader.bars, bar);
        else this.view.renew(loader.bars);
        this.legend();
      }
      if (live.kind === "AM" && loader.subject.timeframe.seconds !== 60) this.renewSoon();
    }
    this.onBars();
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

  /** The start of the bar `by` places from an instant on: for stepping through the past. */
  async step(from: number, by: number): Promise<number | null> {
    const { loader } = this;
    if (loader === null) return null;
    const { symbol, timeframe } = loader.subject;
    if (by < 0) {
      const known = loader.bars;
      const bar = known[known.length - 1 + by] ?? known[0];
      return bar === undefined ? null : bar.time + timeframe.seconds;
    }
    const end = from + timeframe.pageDays * 86_400;
    const query = { symbol, timeframe: timeframe.name, start: from, end };
    const { bars } = await this.api.bars(query);
    const after = bars.filter((bar) => bar.time + timeframe.seconds > from + 0.5);
    const bar = after[by - 1];
    return bar === undefined ? null : bar.time + timeframe.seconds;
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
      this.legend();
      this.onBars();
    } catch (error) {
      const text = messageOf(error);
      if (text !== null && loader === this.loader) this.note(text);
    }
  }

  private refreshLevels(): void {
    if (this.loader?.subject.asOf === null && !document.hidden) void this.layers.refresh();
  }

  private async readSessions(first: number | undefined): Promise<void> {
    const { subject } = this.loader ?? {};
    if (first === undefined || subject === undefined || !subject.timeframe.intraday) return;
    const newest = this.sessions.at(-1)?.ends ?? 0;
    if (first >= this.sessionsFrom && newest > this.time.now()) return;
    const from = dateText(this.home.shift(first - 7 * 86_400));
    const to = dateText(this.home.shift(this.time.now() + 7 * 86_400));
    const path = `${API}/calendar?start_date=${from}&end_date=${to}`;
    const rows = await this.api.get<SessionRow[]>(path);
    this.sessions = rows.map((row) => ({
      day: row.date,
      begins: parseInstant(row.start),
      preMarket: parseInstant(row.pre_market_start),
      opens: parseInstant(row.open),
      closes: parseInstant(row.close),
      ends: parseInstant(row.end),
      earlyClose: row.early_close,
    }));
    this.sessionsFrom = first;
  }

  /** The trading days that are known so far, in order. */
  get days(): readonly Session[] {
    return this.sessions;
  }

  private draw(): void {
    this.layers.draw(this.view, readTheme());
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

  /** What the pointer shows by hovering, for the keyboard: zone by zone, from the highest down. */
  nextZone(): void {
    const bands = this.view.bands.inOrder;
    const before = this.zone;
    const same = ({ low, high }: Band) => low === before?.low && high === before.high;
    const place = bands.findIndex(same) + 1;
    this.zone = bands[place];
    const y = this.zone === undefined ? null : this.view.yOf(this.zone.low);
    this.tip(this.zone, 60, y ?? 60);
  }

  private tip(band: Band | undefined, x: number, y: number): void {
    const tip = byId("tip");
    if (band !== this.tipped) fill(tip, band?.detail?.() ?? null);
    this.tipped = band;
    setClass(tip, "hidden", band?.detail === undefined);
    if (band?.detail === undefined) return;
    const { width, height } = byId("chart").getBoundingClientRect();
    const left = Math.min(x + 18, width - tip.offsetWidth - 70);
    const top = Math.min(y + 18, height - tip.offsetHeight - 30);
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
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
      bar.forming ? h("em", {}, "forming") : null,
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

  private note(text: string): void {
    setText(byId("chart-note"), text);
  }
}

function emptyText(symbol: string, asOf: number | null): string {
  const until = asOf === null ? "" : ` before ${isoText(asOf)}`;
  return `No bars of ${symbol}${until}. Is it spelt right? Press / to search.`;
}
