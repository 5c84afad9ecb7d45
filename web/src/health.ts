// The state of gateway and feed: a strip at the foot of every view, and a page of plots.

import { API, messageOf, type Api } from "./api.ts";
import type { GatewayClock } from "./clock.ts";
import { byId, fill, h, setClass, setText } from "./dom.ts";
import { formatAge, formatBytes, formatCount, formatNumber, formatVolume } from "./format.ts";
import type { MarketHours } from "./hours.ts";
import { Plot, ratesOf, type Series } from "./plots.ts";
import type { FeedNotice, FeedState } from "./stream.ts";
import { clockText, dateText, parseInstant, type WallClock } from "./time.ts";

interface RateLimit {
  limit: number;
  remaining: number;
  used: number;
  window_seconds: number;
}

export interface Status {
  version: string;
  source: string;
  made_up: boolean;
  store: string | null;
  started_at: string;
  rate_limit: RateLimit;
  cached_answers: number;
  cached_bytes: number;
  requests: number;
  bars_served: number;
  fetches: number;
  answered_from_memory: number;
  joined_in_flight: number;
}

/** The answer of `/api/v1/status/history`. */
export interface StatusHistory {
  every_seconds: number;
  at: string[];
  figures: Record<string, (number | null)[]>;
  feed: PastNotice[];
}

/** What happened to the feed, on the market's clock; a gap has its minutes. */
interface PastNotice {
  at: string;
  kind: string;
  detail: string;
  start: string | null;
  end: string | null;
}

/** How late a bar is, part by part. */
export interface Lag {
  /** Seconds of the market from the end of a minute to its arrival here. */
  vendorS: number | null;
  /** Milliseconds from its arrival to the picture. */
  pageMs: number | null;
}

const EVERY_MS = 5_000;
const TIME_EVERY_MS = 250;
const PAGE_EVERY_MS = 15_000;
// What the strip says of the store, while the page of the figures is closed.
const STORE_EVERY_MS = 120_000;
const STALE_AFTER_S = 150;
// Of a fast replay: so many seconds of the wall clock.
const STALE_AFTER_WALL_S = 3;
const WORDS: Record<FeedState, string> = {
  connecting: "connecting",
  live: "live",
  gap: "gap",
  lag: "behind",
  down: "stale",
  none: "no feed",
};

interface Figure {
  label: string;
  help: string;
  of: (figures: StatusHistory) => Series;
  format: (value: number) => string;
}

const FIGURES: readonly Figure[] = [
  rate("requests", "Requests a second", "Requests that the gateway answered"),
  rate("bars_served", "Bars a second", "Bars that the gateway answered"),
  rate("fetches", "Fetches a second", "Questions put to the source"),
  {
    label: "From the cache",
    help: "Questions answered from memory, of all questions for bars",
    of: hitShares,
    format: (value) => formatNumber(value, 0, "%"),
  },
  plain("rate_limit.remaining", "Budget left", "Requests that may still be sent to the source", formatCount),
  plain("cached_bytes", "Cache", "Bars kept in memory", formatBytes),
  plain("bytes_in_flight", "Answers in flight", "Memory that answers under way take", formatBytes),
  plain("store_bytes", "Store", "The size of the stored bars, every minute", formatBytes),
];

export class Health {
  private readonly api: Api;
  private readonly time: GatewayClock;
  private readonly hours: MarketHours;
  private readonly home: WallClock;
  private last: Status | null = null;
  private answerMs: number | null = null;
  private storeBytes: number | null = null;
  private storeReadAt = -Infinity;
  private failure: string | null = null;
  private feed: FeedState = "connecting";
  private detail = "";
  private readonly openGaps = new Map<string, number>();
  private readonly lag: Lag = { vendorS: null, pageMs: null };
  private readonly plots = FIGURES.map(({ label, help }) => new Plot(label, help));
  /** When the newest bar of the chart's symbol ended, seconds UTC; null: no bar yet. */
  lastBarEnd: number | null = null;
  symbol = "";
  private through: number | null = null;

  constructor(api: Api, time: GatewayClock, hours: MarketHours, home: WallClock) {
    this.api = api;
    this.hours = hours;
    this.time = time;
    this.home = home;
    fill(byId("health-plots"), ...this.plots.map(({ element }) => element));
    window.setInterval(() => void this.sample(), EVERY_MS);
    window.setInterval(() => this.draw(), 1_000);
    // Of a fast replay minutes go by within a second.
    window.setInterval(() => this.drawTime(), TIME_EVERY_MS);
    window.setInterval(() => void this.readPast(), PAGE_EVERY_MS);
  }

  /** The page is shown: its plots are read at once. */
  async show(): Promise<void> {
    await Promise.all([this.sample(), this.readPast()]);
  }

  setFeed(state: FeedState, detail: string): void {
    this.feed = state;
    this.detail = detail;
    this.draw();
  }

  notice(notice: FeedNotice): void {
    const { kind, detail } = notice;
    if (kind === "through") this.through = this.time.now();
    else if (kind === "connected" || kind === "gap" || kind === "backfilled") void this.readPast();
    // A gap is open until what it lacks has come.
    if (kind === "gap") this.openGaps.set(detail, this.time.now());
    if (kind === "backfilled" || kind === "subscribed") this.openGaps.clear();
  }

  /** A minute of the feed came, with its end in seconds UTC; and how long its drawing took. */
  came(end: number, pageMs: number): void {
    const speed = this.time.state?.speed ?? 1;
    this.lag.vendorS = Math.max(0, this.time.now() - pageMs / 1_000 - end) / (speed || 1);
    this.lag.pageMs = pageMs;
  }

  /** Whether what is on the screen is old while the exchange trades: in regular hours alone. */
  get stale(): boolean {
    if (this.hours.part !== "regular") return false;
    if (this.isCutOff) return true;
    if (this.feed === "none" || this.time.state?.paused === true) return false;
    const newest = Math.max(this.lastBarEnd ?? 0, this.through ?? 0);
    const after = Math.max(STALE_AFTER_S, STALE_AFTER_WALL_S * (this.time.state?.speed ?? 1));
    return newest > 0 && this.time.now() - newest > after;
  }

  private get isCutOff(): boolean {
    return this.failure !== null || this.feed === "down";
  }

  /** The state of the dot, and its word. */
  private get state(): [string, string] {
    if (this.stale) return ["stale", "stale"];
    if (this.isCutOff) return ["down", "cut off"];
    const isQuiet = this.feed === "live" || this.feed === "connecting" || this.feed === "lag";
    if (this.hours.part === "closed" && isQuiet) return ["closed", "closed"];
    return [this.feed, WORDS[this.feed]];
  }

  private async sample(): Promise<void> {
    const began = performance.now();
    try {
      this.last = await this.api.get<Status>("/status");
      this.answerMs = performance.now() - began;
      this.failure = null;
    } catch (error) {
      this.failure = messageOf(error);
    }
    this.draw();
    if (this.isShown) this.drawFacts();
  }

  private get isShown(): boolean {
    return !byId("view-health").classList.contains("hidden");
  }

  /** The last hour as the gateway has it. The store's size is on the strip, too. */
  private async readPast(): Promise<void> {
    const isFresh = performance.now() - this.storeReadAt < STORE_EVERY_MS;
    if (document.hidden || (!this.isShown && isFresh)) return;
    this.storeReadAt = performance.now();
    try {
      const past = await this.api.get<StatusHistory>(`${API}/status/history`);
      this.storeBytes = past.figures["store_bytes"]?.at(-1) ?? null;
      if (this.isShown) this.drawPlots(past);
      if (this.isShown) this.drawLog(past.feed);
    } catch (error) {
      setText(byId("health-note"), messageOf(error) ?? "");
      return;
    }
    setText(byId("health-note"), "");
  }

  private draw(): void {
    const [state, word] = this.state;
    const dot = byId("feed-dot");
    if (dot.dataset["state"] !== state) dot.dataset["state"] = state;
    setText(byId("feed-word"), word);
    setClass(document.body, "stale", state === "stale");
    const title = this.failure ?? (this.detail || this.hours.text);
    if (byId("feed").title !== title) byId("feed").title = title;
    const { lastBarEnd } = this;
    const age = lastBarEnd === null ? null : this.time.now() - lastBarEnd;
    setText(byId("last-bar"), age === null ? "" : `last bar ${formatAge(age)} ago`);
    this.drawTime();
    const [source, now, rest] = this.stripTexts();
    setText(byId("gateway-source"), source);
    setText(byId("gateway-now"), now);
    setText(byId("gateway-rest"), rest);
    setClass(byId("gateway"), "failed", this.failure !== null);
  }

  /** The source, what matters most now, and the rest: a phone has room for the second alone. */
  private stripTexts(): [string, string, string] {
    const { last, answerMs, failure } = this;
    if (failure !== null || last === null) return ["", failure ?? "", ""];
    const store = last.store === null ? "no store" : `store ${formatBytes(this.storeBytes)}`;
    const gaps = this.openGaps.size;
    const gapText = gaps === 0 ? "no gaps" : `${gaps} ${gaps === 1 ? "gap" : "gaps"} open`;
    const lag = `lag: ${this.lagText()}, gateway ${formatNumber(answerMs, 0, " ms")}`;
    return [
      `${last.source} · `,
      `budget ${budgetText(last.rate_limit)} · ${lag}`,
      ` · cache ${hitText(last)} · ${gapText} · ${store}`,
    ];
  }

  private lagText(): string {
    const { vendorS, pageMs } = this.lag;
    return `vendor ${formatNumber(vendorS, 1, " s")}, page ${formatNumber(pageMs, 0, " ms")}`;
  }

  private drawTime(): void {
    const wall = this.home.shift(this.time.now());
    const seconds = String(Math.floor(wall % 60)).padStart(2, "0");
    const { state } = this.time;
    const speed = state === null || state.wall ? "" : this.time.hasEnded ? " ended" : state.paused ? " paused" : ` ×${state.speed}`;
    setText(byId("hours"), this.hours.text);
    setText(byId("market-date"), dateText(wall));
    setText(byId("market-clock"), `${clockText(wall)}:${seconds} New York${speed}`);
  }

  private drawPlots(past: StatusHistory): void {
    const end = parseInstant(past.at.at(-1) ?? "");
    FIGURES.forEach(({ of, format }, place) => {
      const series = of(past);
      const now = series.values.at(-1);
      const text = now === null || now === undefined ? "–" : format(now);
      this.plots[place]?.show(series, end, text, format);
    });
  }

  private drawFacts(): void {
    if (this.last === null) return;
    const rows: [string, string][] = [
      ...facts(this.last, this.home),
      ["Budget left", budgetText(this.last.rate_limit)],
      ["From the cache", hitText(this.last)],
      ["Size of the store", this.last.store === null ? "no store" : formatBytes(this.storeBytes)],
      ["Exchange", this.hours.text || "–"],
      ["Lag of the vendor", `${formatNumber(this.lag.vendorS, 1, " s")} from the end of a minute to this page`],
      ["Lag of the gateway", `${formatNumber(this.answerMs, 0, " ms")} for an answer`],
      ["Lag of this page", `${formatNumber(this.lag.pageMs, 0, " ms")} from a minute's arrival to the picture`],
      ["Gaps open", this.openGaps.size === 0 ? "none" : [...this.openGaps.keys()].join("; ")],
    ];
    const lines = rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value)));
    fill(byId("health-facts"), ...lines);
  }

  /** The newest first; of another day with its date. */
  private drawLog(notices: readonly PastNotice[]): void {
    const today = dateText(this.home.shift(this.time.now()));
    const items = [...notices].reverse().map((notice) => {
      const wall = this.home.shift(parseInstant(notice.at));
      const day = dateText(wall) === today ? "" : `${dateText(wall)} `;
      return h("li", {}, h("time", {}, `${day}${clockText(wall)}`), noticeText(notice, this.home));
    });
    const since = this.last === null ? "" : ` since ${startText(this.last, this.home)}`;
    const nothing = h("li", { class: "dim" }, `Nothing${since}, when the gateway was started.`);
    const list = byId("health-log");
    fill(list, ...(items.length > 0 ? items : [nothing]));
  }
}

/** `gap: the vendor hung up, 10:04 to 10:09`. */
function noticeText({ kind, detail, start, end }: PastNotice, home: WallClock): string {
  const at = (text: string) => clockText(home.shift(parseInstant(text)));
  const span = start === null ? "" : end === null ? `from ${at(start)}` : `${at(start)} to ${at(end)}`;
  const more = [detail, span].filter((text) => text !== "").join(", ");
  return more === "" ? kind : `${kind}: ${more}`;
}

function startText(status: Status, home: WallClock): string {
  const wall = home.shift(parseInstant(status.started_at));
  return `${dateText(wall)} ${clockText(wall)} New York`;
}

function budgetText({ remaining, limit }: RateLimit): string {
  return `${remaining}/${limit}`;
}

function hitText(status: Status): string {
  const all = status.answered_from_memory + status.fetches;
  return all === 0 ? "–" : `${Math.round((100 * status.answered_from_memory) / all)}%`;
}

function facts(status: Status, home: WallClock): [string, string][] {
  return [
    ["Version", status.version],
    ["Running since", startText(status, home)],
    ["Source", status.made_up ? `${status.source}: prices are made up` : status.source],
    ["Store", status.store ?? "none: nothing is stored"],
    ["Requests", formatCount(status.requests)],
    ["Answers joined in flight", formatCount(status.joined_in_flight)],
    ["Answers in the cache", formatCount(status.cached_answers)],
  ];
}

function column(past: StatusHistory, name: string): Series {
  const at = past.at.map(parseInstant);
  return { at, values: past.figures[name] ?? at.map(() => null) };
}

function plain(name: string, label: string, help: string, format: (value: number) => string): Figure {
  return { label, help, of: (past) => column(past, name), format };
}

function rate(name: string, label: string, help: string): Figure {
  const format = (value: number) => (value < 100 ? formatNumber(value, 1) : formatVolume(value));
  return { label, help, of: (past) => ratesOf(column(past, name)), format };
}

/** The share of cache hits in percent, up to each sample. */
function hitShares(past: StatusHistory): Series {
  const hits = column(past, "answered_from_memory");
  const fetches = column(past, "fetches");
  const values = hits.values.map((hit, place) => {
    const all = (hit ?? 0) + (fetches.values[place] ?? 0);
    return hit === null || all === 0 ? null : (100 * hit) / all;
  });
  return { at: hits.at, values };
}
