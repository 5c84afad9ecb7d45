// The state of gateway and feed: a strip at the foot of every view, and a page of plots.

import { messageOf, type Api } from "./api.ts";
import type { GatewayClock } from "./clock.ts";
import { byId, fill, h, setClass, setText, sparkline } from "./dom.ts";
import { formatAge, formatBytes, formatCount, formatNumber } from "./format.ts";
import type { FeedNotice, FeedState } from "./stream.ts";
import { clockText, dateText, type WallClock } from "./time.ts";

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
  rate_limit: RateLimit;
  cached_answers: number;
  cached_bytes: number;
  requests: number;
  bars_served: number;
  fetches: number;
  answered_from_memory: number;
  joined_in_flight: number;
}

interface Sample {
  at: number;
  status: Status;
  answerMs: number;
}

const EVERY_MS = 5_000;
// An hour of them.
const MOST = 720;
const STALE_AFTER_S = 150;
const WORDS: Record<FeedState, string> = {
  connecting: "connecting",
  live: "live",
  gap: "gap",
  lag: "behind",
  down: "stale",
  none: "no feed",
};

export class Health {
  private readonly api: Api;
  private readonly time: GatewayClock;
  private readonly home: WallClock;
  private readonly samples: Sample[] = [];
  private failure: string | null = null;
  private feed: FeedState = "connecting";
  private detail = "";
  /** When the newest bar of the chart's symbol ended, seconds UTC; null: no bar yet. */
  lastBarEnd: number | null = null;
  symbol = "";
  /** Whether the exchange trades now. */
  isOpen: () => boolean = () => false;
  private through: number | null = null;

  constructor(api: Api, time: GatewayClock, home: WallClock) {
    this.api = api;
    this.time = time;
    this.home = home;
    window.setInterval(() => void this.sample(), EVERY_MS);
    window.setInterval(() => this.draw(), 1_000);
    void this.sample();
  }

  setFeed(state: FeedState, detail: string): void {
    this.feed = state;
    this.detail = detail;
    this.draw();
  }

  notice(notice: FeedNotice): void {
    if (notice.kind === "through") this.through = this.time.now();
    else if (notice.detail !== "") this.log(`${notice.kind}: ${notice.detail}`);
  }

  /** Whether what is on the screen is old while the exchange trades. */
  get stale(): boolean {
    if (this.failure !== null || this.feed === "down") return true;
    if (!this.isOpen() || this.feed === "none" || this.time.state?.paused === true) return false;
    const newest = Math.max(this.lastBarEnd ?? 0, this.through ?? 0);
    return newest > 0 && this.time.now() - newest > STALE_AFTER_S;
  }

  private async sample(): Promise<void> {
    const began = performance.now();
    try {
      const status = await this.api.get<Status>("/status");
      const answerMs = performance.now() - began;
      this.failure = null;
      this.samples.push({ at: Date.now(), status, answerMs });
      if (this.samples.length > MOST) this.samples.shift();
    } catch (error) {
      this.failure = messageOf(error);
    }
    this.draw();
    this.drawPage();
  }

  private draw(): void {
    const { stale } = this;
    const state = stale ? "stale" : this.feed;
    const dot = byId("feed-dot");
    if (dot.dataset["state"] !== state) dot.dataset["state"] = state;
    setText(byId("feed-word"), stale ? "stale" : WORDS[this.feed]);
    setClass(document.body, "stale", stale);
    byId("feed").title = this.failure ?? this.detail;
    const { lastBarEnd } = this;
    const age = lastBarEnd === null ? null : this.time.now() - lastBarEnd;
    setText(byId("last-bar"), age === null ? "" : `last bar ${formatAge(age)} ago`);
    this.drawTime();
    const last = this.samples.at(-1);
    setText(byId("gateway"), this.failure ?? (last === undefined ? "" : stripText(last)));
    setClass(byId("gateway"), "failed", this.failure !== null);
  }

  private drawTime(): void {
    const wall = this.home.shift(this.time.now());
    const seconds = String(Math.floor(wall % 60)).padStart(2, "0");
    const { state } = this.time;
    const speed = state === null || state.wall ? "" : state.paused ? " paused" : ` ×${state.speed}`;
    setText(byId("market-time"), `${dateText(wall)} ${clockText(wall)}:${seconds} New York${speed}`);
  }

  private drawPage(): void {
    if (byId("view-health").classList.contains("hidden")) return;
    const last = this.samples.at(-1);
    if (last === undefined) return;
    const series = (of: (sample: Sample) => number) => this.samples.map(of);
    const rates = (of: (status: Status) => number) => ratesOf(this.samples, of);
    const { status } = last;
    fill(
      byId("health-plots"),
      plot("Answer of the gateway", formatNumber(last.answerMs, 0, " ms"), series((s) => s.answerMs)),
      plot("Requests a second", rateText(rates((s) => s.requests)), rates((s) => s.requests)),
      plot("Bars served", formatCount(status.bars_served), rates((s) => s.bars_served)),
      plot("Fetches from the source", formatCount(status.fetches), rates((s) => s.fetches)),
      plot("From the cache", hitText(status), rates((s) => s.answered_from_memory)),
      plot("Cache", formatBytes(status.cached_bytes), series((s) => s.status.cached_bytes)),
      plot("Budget left", budgetText(status.rate_limit), series((s) => s.status.rate_limit.remaining)),
    );
    fill(
      byId("health-facts"),
      ...facts(status).map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))),
    );
  }

  private log(text: string): void {
    const list = byId("health-log");
    const wall = this.home.shift(this.time.now());
    list.prepend(h("li", {}, h("time", {}, clockText(wall)), text));
    while (list.children.length > 100) list.lastElementChild?.remove();
  }
}

function stripText({ status, answerMs }: Sample): string {
  return [
    status.source,
    `gateway ${answerMs.toFixed(0)} ms`,
    `budget ${budgetText(status.rate_limit)}`,
    `cache ${hitText(status)}`,
  ].join(" · ");
}

function budgetText({ remaining, limit }: RateLimit): string {
  return `${remaining}/${limit}`;
}

function hitText(status: Status): string {
  const all = status.answered_from_memory + status.fetches;
  return all === 0 ? "–" : `${Math.round((100 * status.answered_from_memory) / all)}%`;
}

function facts(status: Status): [string, string][] {
  return [
    ["Version", status.version],
    ["Source", status.made_up ? `${status.source}: prices are made up` : status.source],
    ["Store", status.store ?? "none: nothing is stored"],
    ["Requests", formatCount(status.requests)],
    ["Answers joined in flight", formatCount(status.joined_in_flight)],
    ["Answers in the cache", formatCount(status.cached_answers)],
  ];
}

/** By the second, between one sample and the next. */
function ratesOf(samples: readonly Sample[], of: (status: Status) => number): number[] {
  return samples.slice(1).map((sample, place) => {
    const before = samples[place] as Sample;
    const seconds = (sample.at - before.at) / 1_000;
    return Math.max(0, of(sample.status) - of(before.status)) / Math.max(seconds, 0.001);
  });
}

function rateText(rates: readonly number[]): string {
  return formatNumber(rates.at(-1) ?? null, 1);
}

function plot(name: string, value: string, values: readonly number[]): HTMLElement {
  return h("figure", {}, h("figcaption", {}, name, h("b", {}, value)), sparkline(values, 240, 56));
}
