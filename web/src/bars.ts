// Bars of one symbol and timeframe, by the start of each. Pure.

import { parseInstant } from "./time.ts";

export interface Bar {
  /** The start, seconds UTC. */
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  vwap: number | null;
  /** It may still grow. */
  forming?: boolean;
  /** It came after a break of the feed. */
  backfilled?: boolean;
}

/** A row of `/api/v1/bars`. */
export interface Row {
  timestamp: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  vwap: number | null;
  transactions: number | null;
}

export function barOf(row: Row): Bar {
  const { open, high, low, close, volume, vwap } = row;
  return { time: parseInstant(row.timestamp), open, high, low, close, volume, vwap };
}

/** The place of the first bar that starts at `time` or later. */
export function placeOf(bars: readonly Bar[], time: number): number {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bars[middle]?.time ?? Infinity) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bar that starts at `time`. */
export function barAt(bars: readonly Bar[], time: number): Bar | undefined {
  const bar = bars[placeOf(bars, time)];
  return bar?.time === time ? bar : undefined;
}

/** Both, in order; where both have a bar of one start, the newer counts. */
export function mergeBars(older: readonly Bar[], newer: readonly Bar[]): Bar[] {
  const first = newer[0];
  if (first === undefined) return [...older];
  const last = older.at(-1);
  if (last === undefined || last.time < first.time) return [...older, ...newer];
  const end = newer.at(-1);
  const begin = older[0];
  if (end !== undefined && begin !== undefined && end.time < begin.time) {
    return [...newer, ...older];
  }
  const merged: Bar[] = [];
  let place = 0;
  for (const bar of newer) {
    for (let old = older[place]; old !== undefined && old.time < bar.time; old = older[++place]) {
      merged.push(old);
    }
    if (older[place]?.time === bar.time) place += 1;
    merged.push(bar);
  }
  return merged.concat(older.slice(place));
}

/** Those that were over at `instant`: a bar that was still growing then is not among them. */
export function completeAt(bars: readonly Bar[], instant: number, endOf: (bar: Bar) => number) {
  let count = bars.length;
  for (let bar = bars[count - 1]; bar !== undefined && endOf(bar) > instant; bar = bars[--count - 1]);
  return bars.slice(0, count);
}
