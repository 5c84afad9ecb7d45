import assert from "node:assert/strict";
import { test } from "node:test";

import type { Bar } from "../src/bars.ts";
import { curveAt, vwapCurve } from "../src/chart/vwap.ts";

const minute = (place: number, vwap: number | null, volume: number): Bar => ({
  time: 60 * place, open: 1, high: 12, low: 9, close: 9, volume, vwap,
});

test("the curve has the mean of all trades so far, and how far they lie from it", () => {
  const points = vwapCurve([minute(0, 11, 0), minute(1, 10, 100), minute(2, 13, 200), minute(3, null, 300)]);
  assert.deepEqual(points.map(({ at, vwap }) => [at, vwap]), [[120, 10], [180, 12], [240, 11]]);
  // Of 10, 13, 13 (mean 12) the variance is (4 + 1 + 1) / 3; the last minute's price is (12 + 9 + 9) / 3.
  const deviations = points.map(({ deviation }) => +(deviation ** 2).toFixed(9));
  assert.deepEqual(deviations, [0, 2, 2]);
});

test("each bar of the chart has the value of its last minute", () => {
  const points = vwapCurve([minute(0, 10, 1), minute(1, 12, 1), minute(2, 14, 1)]);
  const placeAt = (instant: number) => Math.floor(instant / 120);
  assert.deepEqual(curveAt(points, 0, placeAt), [[0, 11], [1, 12]]);
  assert.deepEqual(curveAt(points, -1, placeAt)[0], [0, 10]);
});
