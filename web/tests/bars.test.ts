import assert from "node:assert/strict";
import { test } from "node:test";

import { barAt, barOf, completeAt, mergeBars, placeOf, type Bar } from "../src/bars.ts";

const bar = (time: number, close = 1): Bar => ({
  time,
  open: close,
  high: close,
  low: close,
  close,
  volume: 1,
  vwap: null,
});

test("a row becomes a bar by its start, seconds UTC", () => {
  const row = { timestamp: "2024-07-02T13:30:00Z", open: 1, high: 3, low: 0.5, close: 2, volume: 7, vwap: 1.5, transactions: 2 };
  assert.deepEqual(barOf(row), { time: 1719927000, open: 1, high: 3, low: 0.5, close: 2, volume: 7, vwap: 1.5 });
});

test("merged bars are in order, each start once, the newer one counts", () => {
  // Against the slow, obvious way: a map.
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let round = 0; round < 300; round++) {
    const some = (close: number) =>
      [...new Set(Array.from({ length: Math.floor(random() * 12) }, () => Math.floor(random() * 20)))]
        .sort((a, b) => a - b)
        .map((time) => bar(time, close));
    const older = some(1);
    const newer = some(2);
    const map = new Map([...older, ...newer].map((one) => [one.time, one]));
    const expected = [...map.values()].sort((a, b) => a.time - b.time);
    assert.deepEqual(mergeBars(older, newer), expected);
  }
});

test("the place of an instant is that of the first bar at or after it", () => {
  const bars = [bar(60), bar(120), bar(300)];
  assert.deepEqual([0, 60, 61, 120, 299, 300, 301].map((time) => placeOf(bars, time)), [0, 0, 1, 1, 2, 2, 3]);
  assert.equal(barAt(bars, 120)?.time, 120);
  assert.equal(barAt(bars, 121), undefined);
});

test("a bar that was still growing at an instant is not among those that were complete", () => {
  const bars = [bar(0), bar(900), bar(1800)];
  const ends = (one: Bar) => one.time + 900;
  assert.deepEqual(completeAt(bars, 1800, ends).map(({ time }) => time), [0, 900]);
  assert.deepEqual(completeAt(bars, 2699, ends).map(({ time }) => time), [0, 900]);
  assert.deepEqual(completeAt(bars, 2700, ends).map(({ time }) => time), [0, 900, 1800]);
  assert.deepEqual(completeAt(bars, 10, ends), []);
});
