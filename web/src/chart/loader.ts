// The bars of one symbol and timeframe: the last page first, older ones as they are wanted, the
// newest again as minutes come in.

import type { Api, BarsMetadata } from "../api.ts";
import { barAt, completeAt, mergeBars, type Bar } from "../bars.ts";
import type { LiveBar } from "../stream.ts";
import type { WallClock } from "../time.ts";
import { endOf, type Timeframe } from "../timeframes.ts";

const DAY = 86_400;
// Nothing is older: the exchange's calendar and every vendor begin later.
const OLDEST = Date.UTC(1990, 0, 1) / 1_000;
// Pages without a bar (a halt, a symbol that is not listed yet) before the search is given up.
const EMPTY_PAGES = 6;

export interface Subject {
  symbol: string;
  timeframe: Timeframe;
  /** Seconds UTC; null: now, with live bars. */
  asOf: number | null;
}

export class BarLoader {
  bars: Bar[] = [];
  metadata: BarsMetadata | null = null;
  readonly subject: Subject;
  /** No older bars are to be had. */
  atBeginning = false;

  private readonly api: Api;
  private readonly now: () => number;
  private readonly home: WallClock;
  private readonly ended = new AbortController();
  private from: number;
  private empty = 0;
  private pageDays: number;
  private loading = false;
  /** Bars that came by the feed while their history was still being fetched. */
  private early: LiveBar[] | null = [];

  constructor(api: Api, subject: Subject, now: () => number, home: WallClock) {
    this.api = api;
    this.home = home;
    this.subject = subject;
    this.now = now;
    this.pageDays = subject.timeframe.pageDays;
    this.from = this.until();
  }

  /** The first page: the newest bars. */
  async first(): Promise<Bar[]> {
    while (this.bars.length === 0 && !this.atBeginning) await this.page();
    const early = this.early ?? [];
    this.early = null;
    for (const live of early) this.take(live);
    return this.bars;
  }

  /** The page before; null where there is none, or it is on its way. */
  async older(): Promise<Bar[] | null> {
    if (this.loading || this.atBeginning || this.early !== null) return null;
    const before = this.bars.length;
    while (this.bars.length === before && !this.atBeginning) await this.page();
    return this.bars.length === before ? null : this.bars;
  }

  /** The newest bars once more, as the gateway makes them; what came between is in them. */
  async newest(since = 0): Promise<Bar[]> {
    const last = this.bars.at(-3) ?? this.bars[0];
    const start = Math.min(last?.time ?? this.until() - this.pageDays * DAY, since || Infinity);
    const { symbol, timeframe } = this.subject;
    const query = { symbol, timeframe: timeframe.name, start };
    const answer = await this.api.bars(query, this.ended.signal);
    this.metadata = answer.metadata;
    this.bars = mergeBars(this.bars, answer.bars);
    return this.bars;
  }

  /** Take a live bar; returns what it made of the last one, null where nothing changed. */
  take(live: LiveBar): Bar | null {
    if (this.early !== null) {
      this.early.push(live);
      return null;
    }
    if (live.symbol !== this.subject.symbol || this.subject.asOf !== null) return null;
    const made = joined(this.bars, live, this.subject.timeframe);
    if (made === null) return null;
    this.bars = mergeBars(this.bars, [made]);
    return made;
  }

  end(): void {
    this.ended.abort();
  }

  private until(): number {
    return this.subject.asOf ?? this.now();
  }

  private async page(): Promise<void> {
    this.loading = true;
    try {
      const { symbol, timeframe, asOf } = this.subject;
      const end = this.from;
      const start = Math.max(OLDEST, end - this.pageDays * DAY);
      // The newest page is open to the end: a bar that begins between now and its answer counts.
      const open = asOf === null && this.bars.length === 0 && this.empty === 0;
      const query = { symbol, timeframe: timeframe.name, start, ...(open ? {} : { end }) };
      const answer = await this.api.bars(query, this.ended.signal);
      this.metadata = this.metadata ?? answer.metadata;
      const bars =
        asOf === null
          ? answer.bars
          : completeAt(answer.bars, asOf, (bar) => endOf(timeframe, bar.time, this.home));
      this.turn(start, bars.length);
      this.bars = mergeBars(bars, this.bars);
    } finally {
      this.loading = false;
    }
  }

  private turn(start: number, count: number): void {
    this.from = start;
    this.empty = count === 0 ? this.empty + 1 : 0;
    // Nothing in a page: look further back at once.
    this.pageDays = count === 0 ? this.pageDays * 4 : this.subject.timeframe.pageDays;
    this.atBeginning = start <= OLDEST || this.empty >= EMPTY_PAGES;
  }
}

/** What a live bar makes of the bars: for minutes the minute itself, for longer ones a better view
 * of the forming bar until the gateway's own is fetched. Null: it changes nothing.
 */
export function joined(bars: readonly Bar[], live: LiveBar, timeframe: Timeframe): Bar | null {
  const { bar, kind } = live;
  if (timeframe.seconds === 60) {
    if (kind === "AM") return bar;
    const start = Math.floor(bar.time / 60) * 60;
    const last = bars.at(-1);
    if (last !== undefined && start < last.time) return null;
    const minute = last?.time === start ? last : undefined;
    // A whole minute is never added to by its seconds.
    if (minute !== undefined && !minute.forming) return null;
    return grown(minute, { ...bar, time: start }, true);
  }
  const last = bars.at(-1);
  if (last === undefined || bar.time < last.time) return null;
  if (bar.time >= last.time + timeframe.seconds) return null;
  const known = barAt(bars, last.time);
  return known === undefined ? null : grown(known, { ...bar, time: known.time }, false);
}

function grown(known: Bar | undefined, bar: Bar, withVolume: boolean): Bar {
  if (known === undefined) return { ...bar, forming: true };
  return {
    ...known,
    high: Math.max(known.high, bar.high),
    low: Math.min(known.low, bar.low),
    close: bar.close,
    volume: withVolume ? known.volume + bar.volume : known.volume,
    forming: true,
  };
}
