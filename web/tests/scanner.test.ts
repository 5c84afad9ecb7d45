import assert from "node:assert/strict";
import { test } from "node:test";

import type { Zone } from "../src/engines.ts";
import { COLUMNS, sorted, toCsv } from "../src/scanner/columns.ts";
import { SymbolState, usualAt, type MinuteBar, type WatchRow } from "../src/scanner/row.ts";
import { entries, EntryMemory } from "../src/scanner/zone_entries.ts";
import { distanceText, sideOf } from "../src/zones.ts";

const START = 1_719_927_000;
const ISO = "2024-07-02T13:30:00Z";
const ROW: WatchRow = {
  symbol: "SPY", error: null, day: "2024-07-02", price: 102, last_bar: ISO, previous_close: 100,
  open: 101, high: 103, low: 99, volume: 1_000, atr_day: 2.04,
  usual_volume: { start: ISO, step_seconds: 900, volumes: [900, 1_800] }, closes: [101, 102],
};
const minute = (time: number, close: number): MinuteBar => ({
  time, open: close, high: close + 1, low: close - 1, close, volume: 50, regular: true,
});
const zone = (low: number, high: number, level: string): Zone =>
  ({ low, high, level, kind: "support", id: `S${low}`, parts: [], votes: [] }) as unknown as Zone;

function stateOf(row: Partial<WatchRow> = {}): SymbolState {
  const state = new SymbolState(row.symbol ?? "SPY");
  state.take({ ...ROW, ...row });
  return state;
}

test("changes are percent of the prior close and of the open", () => {
  const state = stateOf();
  assert.equal(state.change, 2);
  assert.equal(state.gap, 1);
  assert.ok(Math.abs((state.changeFromOpen ?? 0) - 100 / 101) < 1e-12);
  assert.equal(state.atrPercent, 2);
});

test("a minute counts once, whether it came before or after the row", () => {
  const early = new SymbolState("SPY");
  early.push(minute(START, 1));
  early.push(minute(START + 60, 105));
  early.take(ROW);
  early.push(minute(START + 60, 105));
  const late = stateOf();
  late.push(minute(START + 60, 105));
  for (const state of [early, late]) {
    assert.deepEqual([state.price, state.volume, state.high, state.low], [105, 1_050, 106, 99]);
    assert.equal(state.lastEnd, START + 120);
  }
});

test("the usual volume lies on a line between two steps, and stops at the last", () => {
  const usual = ROW.usual_volume!;
  const at = (seconds: number) => usualAt(usual, START + seconds);
  assert.deepEqual([-60, 0, 450, 900, 1_350, 1_800, 99_999].map(at), [0, 0, 450, 900, 1_350, 1_800, 1_800]);
  assert.ok(Math.abs((stateOf().relativeVolume ?? 0) - 1_000 / 60) < 1e-9);
});

test("the nearest zone is by its centre, and says whether the price lies in it, an edge too", () => {
  const state = stateOf();
  const near = (zones: Zone[], atrDay: number | null) => {
    state.zones = { zones, atrDay, at: 0, error: null };
    const { zone, dollars, atrs, inside } = state.nearest!;
    return [zone.level, dollars, atrs, inside];
  };
  assert.deepEqual(near([zone(98, 99, "L2"), zone(104, 105, "L3")], 2), ["L3", 2.5, 1.25, false]);
  assert.deepEqual(near([zone(101, 102, "L1"), zone(102.5, 103.5, "L5")], null), ["L1", -0.5, null, true]);
});

test("a row says inside, above or below, and how far the centre is away", () => {
  const said = (low: number, high: number) => {
    const state = stateOf();
    state.zones = { zones: [zone(low, high, "L4")], atrDay: 2, at: 0, error: null };
    return ["zone", "distance"].map((name) =>
      COLUMNS.find((column) => column.name === name)?.text(state, { now: 0 }));
  };
  assert.deepEqual(said(101.5, 103.5), ["L4 resistance inside", "+0.25"]);
  // A scan of before the price went through called it support.
  assert.deepEqual(said(104, 105), ["L4 resistance above", "+1.25"]);
  assert.deepEqual(said(99, 100), ["L4 support below", "\u22121.25"]);
});

test("a zone on the chart says the price, the distance to its centre from there, and inside", () => {
  const of = (price: number, atrDay: number | null) => distanceText(zone(101, 103, "L4"), price, atrDay);
  assert.equal(of(101.5, 2), "at 101.50: +0.50 (+0.3 ATR) to its centre, inside");
  assert.equal(of(104, 2), "at 104.00: \u22122.00 (\u22121.0 ATR) to its centre");
  assert.equal(of(104, null), "at 104.00: \u22122.00 to its centre");
});

test("what a zone is to a price is by its centre: support below it, resistance at and above it", () => {
  const sides = [101.9, 102, 102.1].map((price) => sideOf(zone(101, 103, "L1"), price));
  assert.deepEqual(sides, ["resistance", "resistance", "support"]);
});

test("an alert is for going into a zone of the level or a higher one, not for being there", () => {
  const state = stateOf({ price: 104.5 });
  state.zones = { zones: [zone(104, 105, "L3"), zone(103, 106, "L5")], atrDay: 2, at: 0, error: null };
  const levels = (before: number | null, level: string) =>
    entries(state, before, level).map((entry) => entry.zone.level);
  assert.deepEqual(levels(102, "L1"), ["L3", "L5"]);
  assert.deepEqual(levels(102, "L4"), ["L5"]);
  assert.deepEqual(levels(103.5, "L1"), ["L3"]);
  assert.deepEqual(levels(104.2, "L1"), []);
  assert.deepEqual(levels(null, "L1"), []);
});

/** Which of the minutes are news, by their place: prices a minute apart in zones of each. */
function newsAt(prices: readonly number[], zonesAt: (place: number) => Zone[]): number[] {
  const memory = new EntryMemory();
  const state = stateOf();
  return prices.flatMap((price, place) => {
    const before = place === 0 ? null : state.price;
    state.price = price;
    state.zones = { zones: zonesAt(place), atrDay: 2, at: 0, error: null };
    return memory.news(state, before, START + 60 * place, "L1").length > 0 ? [place] : [];
  });
}

test("a zone is news once until the price was half its width away, or outside for 15 minutes", () => {
  const only = () => [zone(104, 106, "L2")];
  assert.deepEqual(newsAt([103, 105, 103.5, 104.5, 103.1, 105], only), [1]);
  assert.deepEqual(newsAt([103, 105, 102.9, 105], only), [1, 3]);
  assert.deepEqual(newsAt([103, 105, ...Array<number>(14).fill(103.5), 105], only), [1]);
  assert.deepEqual(newsAt([103, 105, ...Array<number>(15).fill(103.5), 105], only), [1, 17]);
  // Who is in it from the beginning has not gone in.
  assert.deepEqual(newsAt([105, 103.9, 105], only), []);
});

test("a zone that a later scan makes anew, a little elsewhere, is the same zone", () => {
  const anew = (place: number) => [zone(104 + place / 50, 106 + place / 50, "L2")];
  assert.deepEqual(newsAt([103, 105, 103.8, 105, 103.9, 106.08], anew), [1]);
  const other = (place: number) => [place < 3 ? zone(104, 106, "L2") : zone(108, 110, "L2")];
  assert.deepEqual(newsAt([103, 105, 107, 109], other), [1, 3]);
});

test("of a market that begins anew nothing is known", () => {
  const memory = new EntryMemory();
  const state = stateOf({ price: 105 });
  state.zones = { zones: [zone(104, 106, "L2")], atrDay: 2, at: 0, error: null };
  const news = (at: number) => memory.news(state, 103, at, "L1").length;
  assert.deepEqual([news(START), news(START + 60), news(START - 3_600)], [1, 0, 1]);
});

test("what has no value sorts last, both ways", () => {
  const states = [
    stateOf({ symbol: "A", price: 101 }),
    stateOf({ symbol: "B", error: "unknown" }),
    stateOf({ symbol: "C", price: 105 }),
  ];
  const order = (descending: boolean) =>
    sorted(states, { column: "change", descending }, { now: START }).map(({ symbol }) => symbol);
  assert.deepEqual(order(true), ["C", "A", "B"]);
  assert.deepEqual(order(false), ["A", "C", "B"]);
  assert.deepEqual(sorted(states, null, { now: 0 }).map(({ symbol }) => symbol), ["A", "B", "C"]);
});

test("a table is comma-separated values", () => {
  const [head, row] = toCsv([stateOf()], { now: START + 65 }).split("\n");
  assert.equal(head?.split(",")[0], "symbol");
  assert.equal(row?.split(",").slice(0, 3).join(), "SPY,102,2");
});

test("zones that were known stay after a scan that failed, which is tried again soon", () => {
  const zone = { id: "S1", low: 1, high: 2, kind: "support", level: "L3" } as const;
  const state = stateOf();
  state.takeZones({ symbol: "SPY", error: null, atr_day: 2, zones: [zone] }, 1_000, 870);
  state.takeZones({ symbol: "SPY", error: "no answer", atr_day: null, zones: [] }, 2_000, 870);
  assert.deepEqual(state.zones, { zones: [zone], atrDay: 2, at: 1_130, error: null });
  const fresh = stateOf();
  fresh.takeZones({ symbol: "SPY", error: "no answer", atr_day: null, zones: [] }, 2_000, 870);
  assert.deepEqual([fresh.zones?.error, fresh.zones?.at], ["no answer", 1_130]);
});
