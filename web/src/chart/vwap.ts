// The curve of a VWAP and of its bands from the minutes since its anchor, as the engine makes its last
// value. Pure.

import type { Bar } from "../bars.ts";

/** At the end of a minute, seconds UTC: the VWAP and the standard deviation of prices, in dollars. */
export interface VwapPoint {
  at: number;
  vwap: number;
  deviation: number;
}

/** A point for each minute from the first volume on: sum of price times volume over sum of volume. */
export function vwapCurve(minutes: readonly Bar[]): VwapPoint[] {
  const points: VwapPoint[] = [];
  const first = minutes[0];
  // From the first price on: squares of whole prices would leave nothing but rounding.
  const base = first === undefined ? 0 : priceOf(first);
  let [volume, sum, squares] = [0, 0, 0];
  for (const bar of minutes) {
    const away = priceOf(bar) - base;
    volume += bar.volume;
    sum += bar.volume * away;
    squares += bar.volume * away * away;
    if (volume <= 0) continue;
    const mean = sum / volume;
    const deviation = Math.sqrt(Math.max(0, squares / volume - mean * mean));
    points.push({ at: bar.time + 60, vwap: base + mean, deviation });
  }
  return points;
}

/** The mean of a bar's trades; where it has none, its typical price. */
function priceOf({ high, low, close, vwap }: Bar): number {
  return vwap !== null && vwap > 0 ? vwap : (high + low + close) / 3;
}

/** The value `deviations` away at each bar of the chart: the last one that falls into the bar. */
export function curveAt(
  points: readonly VwapPoint[],
  deviations: number,
  placeAt: (instant: number) => number,
): [place: number, price: number][] {
  const prices = new Map<number, number>();
  // A minute ends where the next one begins: it belongs to the bar that it began in.
  for (const { at, vwap, deviation } of points) prices.set(placeAt(at - 60), vwap + deviations * deviation);
  return [...prices];
}
