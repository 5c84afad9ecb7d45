import assert from "node:assert/strict";
import { test } from "node:test";

import type { Session } from "../src/chart/sessions.ts";
import { hoursText } from "../src/hours.ts";
import { NEW_YORK, parseInstant, WallClock } from "../src/time.ts";
import { endOf, timeframeOf, type Timeframe } from "../src/timeframes.ts";

const HOME = new WallClock(NEW_YORK);
const at = parseInstant;
const session = (day: string, close: string, end: string): Session => ({
  day,
  begins: at(`${day}T04:00:00-05:00`),
  preMarket: at(`${day}T04:00:00-05:00`),
  opens: at(`${day}T09:30:00-05:00`),
  closes: at(`${day}T${close}:00-05:00`),
  ends: at(`${day}T${end}:00-05:00`),
  earlyClose: close !== "16:00",
});
// Thanksgiving is the 26th of November 2026.
const DAYS = [
  session("2026-11-25", "16:00", "20:00"),
  session("2026-11-27", "13:00", "17:00"),
  session("2026-11-30", "16:00", "20:00"),
];

test("what the exchange does now, and when it opens next", () => {
  const said = (text: string) => hoursText(DAYS, at(`${text}:00-05:00`), HOME);
  assert.equal(said("2026-11-25T08:00"), "pre-market, opens 09:30");
  assert.equal(said("2026-11-25T12:00"), "open until 16:00");
  assert.equal(said("2026-11-25T16:00"), "post-market until 20:00");
  assert.equal(said("2026-11-25T20:00"), "opens Fri 27 Nov 09:30, closes early at 13:00");
  assert.equal(said("2026-11-26T11:00"), "opens Fri 27 Nov 09:30, closes early at 13:00");
  assert.equal(said("2026-11-27T03:00"), "opens 09:30, closes early at 13:00");
  assert.equal(said("2026-11-27T10:00"), "open until 13:00, early close");
  assert.equal(said("2026-11-28T10:00"), "opens Mon 30 Nov 09:30");
  assert.equal(said("2026-11-30T21:00"), "");
});

test("a bar ends by New York's clock: a week of the changed clock, a short month", () => {
  const end = (name: string, start: string) => endOf(timeframeOf(name) as Timeframe, at(start), HOME);
  assert.equal(end("15min", "2024-07-02T13:30:00Z"), at("2024-07-02T13:45:00Z"));
  assert.equal(end("1day", "2026-03-08T05:00:00Z"), at("2026-03-09T04:00:00Z"));
  assert.equal(end("1week", "2026-03-08T05:00:00Z"), at("2026-03-15T04:00:00Z"));
  assert.equal(end("1week", "2026-11-01T04:00:00Z"), at("2026-11-08T05:00:00Z"));
  assert.equal(end("1month", "2026-02-01T05:00:00Z"), at("2026-03-01T05:00:00Z"));
  assert.equal(end("1month", "2026-12-01T05:00:00Z"), at("2027-01-01T05:00:00Z"));
});
