// The lengths of a bar that the page offers, and how much of each is loaded at once. Pure.

import { wallTime, type WallClock } from "./time.ts";

const MINUTE = 60;
const DAY = 86_400;

export interface Timeframe {
  name: string;
  label: string;
  /** Seconds: a day is 24 hours, a month 31 days. */
  seconds: number;
  /** Calendar days of history in one request: some 1,500 bars of a liquid symbol, 5,000 of its
   * minutes. */
  pageDays: number;
  intraday: boolean;
}

function intraday(minutes: number, label: string, pageDays: number): Timeframe {
  return { name: `${minutes}min`, label, seconds: minutes * MINUTE, pageDays, intraday: true };
}

export const TIMEFRAMES: readonly Timeframe[] = [
  intraday(1, "1m", 11),
  intraday(5, "5m", 12),
  intraday(15, "15m", 35),
  intraday(30, "30m", 70),
  intraday(60, "1h", 130),
  intraday(120, "2h", 250),
  intraday(240, "4h", 400),
  { name: "1day", label: "1D", seconds: DAY, pageDays: 2_200, intraday: false },
  { name: "1week", label: "1W", seconds: 7 * DAY, pageDays: 4_400, intraday: false },
  { name: "1month", label: "1M", seconds: 31 * DAY, pageDays: 7_700, intraday: false },
];

/** When a bar ends, seconds UTC: days, weeks and months by New York's clock, so that a week in which
 * the clock is changed is one hour shorter or longer.
 */
export function endOf({ name, seconds, intraday }: Timeframe, start: number, home: WallClock): number {
  if (intraday) return start + seconds;
  const wall = home.shift(start);
  if (name !== "1month") return home.unshift(wall + seconds);
  const { year, month } = wallTime(wall);
  return home.unshift(Date.UTC(year, month, 1) / 1_000);
}

const [first] = TIMEFRAMES;

export function timeframeOf(name: string): Timeframe | undefined {
  return TIMEFRAMES.find((timeframe) => timeframe.name === name);
}

export const DEFAULT_TIMEFRAME: Timeframe =
  timeframeOf("15min") ?? first ?? intraday(15, "15m", 35);
