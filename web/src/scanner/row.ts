// One symbol of the watchlist: what the gateway said of its day, and what came since. Pure.

import type { Zone } from "../engines.ts";
import { parseInstant } from "../time.ts";
import { holds, sideOf } from "../zones.ts";

/** Mean volume of earlier sessions by the end of each step of the day, from `start` on. */
export interface UsualVolume {
  start: string;
  step_seconds: number;
  volumes: number[];
}

/** A row of `/api/v1/watchlist`; one with an error has nothing else. */
export interface WatchRow {
  symbol: string;
  error: string | null;
  day: string | null;
  price: number | null;
  /** The start of the last minute bar, ISO. */
  last_bar: string | null;
  previous_close: number | null;
  open: number | null;
  high: number | null;
  low: number | null;
  volume: number;
  atr_day: number | null;
  usual_volume: UsualVolume | null;
  closes: number[];
}

/** Where a zone lies and how strong it is: what the table needs of it. Its side is by the price. */
export type PlainZone = Pick<Zone, "id" | "low" | "high" | "level">;

/** A row of `/api/v1/scan/batch`. */
export interface ZoneRow {
  symbol: string;
  error: string | null;
  atr_day: number | null;
  zones: PlainZone[];
}

export interface ZoneReading {
  zones: readonly PlainZone[];
  atrDay: number | null;
  at: number;
  error: string | null;
}

export interface Distance {
  zone: PlainZone;
  /** What it is to the price as it is now. */
  kind: Zone["kind"];
  /** Dollars to the zone's centre, above the price positive; the same in daily ATRs. */
  dollars: number;
  atrs: number | null;
  /** Whether the price lies in the zone, its edges included. */
  inside: boolean;
}

const QUARTER = 900;

export class SymbolState {
  readonly symbol: string;
  error: string | null = null;
  loaded = false;
  price: number | null = null;
  previousClose: number | null = null;
  open: number | null = null;
  high: number | null = null;
  low: number | null = null;
  volume: number | null = null;
  atrDay: number | null = null;
  closes: number[] = [];
  zones: ZoneReading | null = null;
  /** The end of the last minute bar, seconds UTC. */
  lastEnd: number | null = null;
  private usual: UsualVolume | null = null;
  private day: string | null = null;
  private readonly early = new Map<number, MinuteBar>();

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  take(row: WatchRow): void {
    this.loaded = true;
    this.error = row.error;
    if (row.error !== null) return;
    this.day = row.day;
    this.previousClose = row.previous_close;
    this.open = row.open;
    this.high = row.high;
    this.low = row.low;
    this.volume = row.volume;
    this.atrDay = row.atr_day;
    this.usual = row.usual_volume;
    this.closes = row.closes;
    this.price = row.price;
    this.lastEnd = row.last_bar === null ? null : parseInstant(row.last_bar) + 60;
    // Minutes that came while the gateway was asked: those that its answer has are in it already.
    const since = [...this.early.values()].sort((a, b) => a.time - b.time);
    this.early.clear();
    for (const bar of since) this.push(bar);
  }

  /** Take zones as they were at `at`, seconds UTC. After an error what was known stays, and is
   * `retryAge` seconds old: it is tried again soon.
   */
  takeZones(row: ZoneRow, at: number, retryAge: number): void {
    if (row.error === null) this.zones = { zones: row.zones, atrDay: row.atr_day, at, error: null };
    else if (this.zones === null) this.zones = { zones: [], atrDay: null, at: at - retryAge, error: row.error };
    else this.zones = { ...this.zones, at: at - retryAge };
  }

  /** Take a minute of the feed, once. */
  push(bar: MinuteBar): void {
    if (!this.loaded || this.error !== null) {
      this.early.set(bar.time, bar);
      return;
    }
    if (this.lastEnd !== null && bar.time < this.lastEnd) return;
    this.price = bar.close;
    this.volume = (this.volume ?? 0) + bar.volume;
    this.high = this.high === null ? bar.high : Math.max(this.high, bar.high);
    this.low = this.low === null ? bar.low : Math.min(this.low, bar.low);
    if (bar.regular && this.open === null) this.open = bar.open;
    this.closes = sparked(this.closes, this.lastEnd, bar);
    this.lastEnd = bar.time + 60;
  }

  /** Whether a bar belongs to a later trading day than the row. */
  isOfAnotherDay(day: string): boolean {
    return this.day !== null && day !== this.day;
  }

  get change(): number | null {
    return percent(this.price, this.previousClose);
  }

  get changeFromOpen(): number | null {
    return percent(this.price, this.open);
  }

  get gap(): number | null {
    return percent(this.open, this.previousClose);
  }

  get atrPercent(): number | null {
    return this.atrDay === null || !this.price ? null : (100 * this.atrDay) / this.price;
  }

  /** Volume beside what is usual by this time of day. */
  get relativeVolume(): number | null {
    if (this.lastEnd === null || this.volume === null || this.usual === null) return null;
    const usual = usualAt(this.usual, this.lastEnd);
    return usual > 0 ? this.volume / usual : null;
  }

  get nearest(): Distance | null {
    const { price, zones } = this;
    if (price === null || zones === null) return null;
    let nearest: Distance | null = null;
    for (const zone of zones.zones) {
      const dollars = (zone.low + zone.high) / 2 - price;
      if (nearest !== null && Math.abs(nearest.dollars) <= Math.abs(dollars)) continue;
      const atrs = zones.atrDay ? dollars / zones.atrDay : null;
      nearest = { zone, kind: sideOf(zone, price), dollars, atrs, inside: holds(zone, price) };
    }
    return nearest;
  }
}

export interface MinuteBar {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  regular: boolean;
}

/** The usual volume by an instant (seconds UTC), between two steps on a line. */
export function usualAt(usual: UsualVolume, instant: number): number {
  const { start, step_seconds: step, volumes } = usual;
  const place = Math.min(Math.max(0, (instant - parseInstant(start)) / step), volumes.length);
  const whole = Math.floor(place);
  const before = whole === 0 ? 0 : (volumes[whole - 1] ?? 0);
  const after = volumes[whole] ?? before;
  return before + (after - before) * (place - whole);
}

function percent(value: number | null, of: number | null): number | null {
  return value === null || of === null || of === 0 ? null : (100 * (value - of)) / of;
}

/** One point a quarter of an hour; the last one moves. */
function sparked(closes: number[], lastEnd: number | null, bar: MinuteBar): number[] {
  const isSame =
    lastEnd !== null && Math.floor((lastEnd - 60) / QUARTER) === Math.floor(bar.time / QUARTER);
  return [...(isSame ? closes.slice(0, -1) : closes), bar.close];
}
