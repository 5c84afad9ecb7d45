import assert from "node:assert/strict";
import { test } from "node:test";

import type { Api, BarsAnswer, BarsQuery } from "../src/api.ts";
import type { Bar } from "../src/bars.ts";
import { BarLoader, joined } from "../src/chart/loader.ts";
import type { LiveBar } from "../src/stream.ts";
import { NEW_YORK, WallClock } from "../src/time.ts";
import { timeframeOf, type Timeframe } from "../src/timeframes.ts";

const DAY = 86_400;
const HOME = new WallClock(NEW_YORK);
const NOW = 1_720_000_020;
const MINUTE = timeframeOf("1min") as Timeframe;
const QUARTER = timeframeOf("15min") as Timeframe;
const bar = (time: number, close = 1, volume = 1): Bar => ({
  time, open: close, high: close, low: close, close, volume, vwap: null,
});
const live = (time: number, close: number, kind: "AM" | "A" = "AM"): LiveBar => ({
  symbol: "SPY", kind, bar: bar(time, close, 10),
});

/** A gateway with these bars; it counts what it was asked. */
function gateway(bars: Bar[]) {
  const queries: BarsQuery[] = [];
  const api = {
    bars: (query: BarsQuery): Promise<BarsAnswer> => {
      queries.push(query);
      const { start = -Infinity, end = Infinity } = query;
      const inside = bars.filter(({ time }) => time >= start && time < end);
      return Promise.resolve({ bars: inside, metadata: {} as BarsAnswer["metadata"] });
    },
  };
  return { api: api as unknown as Api, queries };
}

test("pages follow one another without a lost or a doubled bar", async () => {
  const all = Array.from({ length: 400 }, (_, place) => bar(NOW - 40 * DAY + place * 8_640));
  const { api } = gateway(all);
  const loader = new BarLoader(api, { symbol: "SPY", timeframe: MINUTE, asOf: null }, () => NOW, HOME);
  await loader.first();
  while (!loader.atBeginning) await loader.older();
  assert.deepEqual(loader.bars, all);
});

test("a hole of months is looked across, and the search ends where nothing is", async () => {
  const { api, queries } = gateway([bar(NOW - 300 * DAY), bar(NOW - 60)]);
  const loader = new BarLoader(api, { symbol: "SPY", timeframe: MINUTE, asOf: null }, () => NOW, HOME);
  await loader.first();
  await loader.older();
  assert.equal(loader.bars.length, 2);
  while (!loader.atBeginning) await loader.older();
  assert.ok(queries.length < 25, `${queries.length} requests`);
});

test("of a symbol without bars there is an end, too", async () => {
  const { api, queries } = gateway([]);
  const loader = new BarLoader(api, { symbol: "NONE", timeframe: MINUTE, asOf: null }, () => NOW, HOME);
  assert.deepEqual(await loader.first(), []);
  assert.ok(queries.length <= 8);
});

test("as of an instant only what was complete then is shown", async () => {
  const start = Math.floor(NOW / 900) * 900 - 9_000;
  const all = Array.from({ length: 10 }, (_, place) => bar(start + place * 900));
  const { api } = gateway(all);
  const asOf = start + 3 * 900 + 60;
  const loader = new BarLoader(api, { symbol: "SPY", timeframe: QUARTER, asOf }, () => NOW, HOME);
  const bars = await loader.first();
  assert.ok(bars.every(({ time }) => time + 900 <= asOf));
  assert.equal(bars.length, 3);
  assert.equal(loader.take(live(start + 9_000, 5)), null);
});

test("live minutes that came while history was fetched are joined to it", async () => {
  const start = NOW - 600;
  const { api } = gateway([bar(start, 1), bar(start + 60, 1)]);
  const loader = new BarLoader(api, { symbol: "SPY", timeframe: MINUTE, asOf: null }, () => NOW, HOME);
  const loading = loader.first();
  loader.take(live(start + 60, 2));
  loader.take(live(start + 120, 3));
  await loading;
  assert.deepEqual(loader.bars.map(({ close }) => close), [1, 2, 3]);
});

test("a minute is what the feed says of it; seconds never add to a whole one", () => {
  const bars = [bar(0, 1, 5)];
  assert.equal(joined(bars, live(0, 2), MINUTE)?.close, 2);
  assert.equal(joined(bars, live(30, 2, "A"), MINUTE), null);
  const forming = joined(bars, live(60, 4, "A"), MINUTE);
  assert.equal(forming?.forming, true);
  const more = joined([...bars, forming as Bar], live(61, 3, "A"), MINUTE);
  assert.deepEqual([more?.high, more?.low, more?.close, more?.volume], [4, 3, 3, 20]);
});

test("within a longer bar a minute moves its close, high and low; past its end it waits", () => {
  const bars = [bar(0, 10), bar(900, 10)];
  const moved = joined(bars, live(1_020, 12), QUARTER);
  assert.deepEqual([moved?.time, moved?.high, moved?.low, moved?.close], [900, 12, 10, 12]);
  assert.equal(joined(bars, live(1_800, 12), QUARTER), null);
  assert.equal(joined(bars, live(600, 12), QUARTER), null);
});
