import assert from "node:assert/strict";
import { test } from "node:test";

import type { Bar } from "../src/bars.ts";
import { partAt, runsOf, type Session } from "../src/chart/sessions.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const session = (day: number, early = false): Session => ({
  day: `day ${day}`,
  begins: day * DAY + 4 * HOUR,
  preMarket: day * DAY + 4 * HOUR,
  opens: day * DAY + 9.5 * HOUR,
  closes: day * DAY + (early ? 13 : 16) * HOUR,
  ends: day * DAY + (early ? 17 : 20) * HOUR,
  earlyClose: early,
});
const SESSIONS = [session(1), session(2, true)];

test("each instant is in one part, the edges in the later one", () => {
  const at = (day: number, hour: number) => partAt(SESSIONS, day * DAY + hour * HOUR);
  assert.equal(at(1, 3.9), "closed");
  assert.equal(at(1, 4), "pre-market");
  assert.equal(at(1, 9.5), "regular");
  assert.equal(at(1, 16), "post-market");
  assert.equal(at(1, 20), "closed");
  assert.equal(at(2, 12.99), "regular");
  assert.equal(at(2, 13), "post-market");
  assert.equal(at(2, 17), "closed");
});

test("a night that trades is overnight", () => {
  const night = [{ ...session(1), begins: 1 * DAY - 3 * HOUR }];
  assert.equal(partAt(night, 1 * DAY), "overnight");
  assert.equal(partAt(night, 1 * DAY + 4 * HOUR), "pre-market");
});

test("shaded runs are the bars outside regular hours, each once", () => {
  const bars = Array.from({ length: 96 }, (_, place) => ({ time: DAY + place * 900 }) as Bar).filter(
    ({ time }) => partAt(SESSIONS, time) !== "closed",
  );
  const shaded = new Map<number, string>();
  for (const { part, first, last } of runsOf(bars, SESSIONS)) {
    for (let place = first; place <= last; place++) {
      assert.ok(!shaded.has(place));
      shaded.set(place, part);
    }
  }
  bars.forEach(({ time }, place) => {
    const part = partAt(SESSIONS, time);
    assert.equal(shaded.get(place) ?? "regular", part);
  });
});
