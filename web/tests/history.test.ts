import assert from "node:assert/strict";
import { test } from "node:test";

import { planText } from "../src/history/history.ts";
import { progressText, symbolsText, type Job } from "../src/history/jobs.ts";
import { kindOf, monthText } from "../src/history/months.ts";
import { gapRows } from "../src/history/verify.ts";
import { linesOf, ratesOf } from "../src/plots.ts";
import { NEW_YORK, WallClock } from "../src/time.ts";

const JOB: Job = {
  id: "a",
  kind: "backfill",
  state: "running",
  symbols: ["A", "B", "C", "D"],
  symbol_count: 12,
  unit: "questions",
  total: 40,
  done: 12,
  failed: 0,
  bars: 4_112,
  requests: 12,
  eta_seconds: 130,
  doing: "",
  failures: [],
  error: null,
};

test("a month is whole only with every trading day, and final only when all of them are", () => {
  const month = { month: "2024-07", days: 22, stored: 22, final: 22, partial: 0 };
  assert.equal(kindOf(month), "final");
  assert.equal(kindOf({ ...month, final: 21 }), "whole");
  assert.equal(kindOf({ ...month, stored: 21, final: 21 }), "part");
  assert.equal(kindOf({ ...month, stored: 0, final: 0, partial: 1 }), "part");
  assert.equal(kindOf({ ...month, stored: 0, final: 0 }), "none");
  const text = monthText("A", { ...month, stored: 20, final: 18, partial: 1 });
  assert.equal(text, "A 2024-07: 20 of 22 trading days (2 provisional, 1 more in part)");
});

test("a plan says its cost, time and rows; where nothing is missing, just that", () => {
  const plan = { questions: 3, requests: 1, seconds: 130, why: "w", most_bars: 4_800 };
  assert.equal(planText(plan), "1 request of the budget, about 2 min, at most 4,800 bars: w.");
  assert.match(planText({ ...plan, questions: 0 }), /nothing to fetch/);
});

test("a job says how far it is, and what is left only while it runs", () => {
  assert.equal(symbolsText(JOB), "A, B, C and 9 more");
  const running = "12 of 40 questions · 4,112 bars · 12 requests · about 2 min left";
  assert.equal(progressText(JOB), running);
  const ended = progressText({ ...JOB, state: "cancelled", failed: 1 });
  assert.equal(ended, "12 of 40 questions · 4,112 bars · 12 requests · 1 failed · cancelled");
});

test("gaps of one day and cause are one row; those without a cause come first", () => {
  const gap = (start: string, end: string, cause: string | null) => ({ start, end, missing: 2, cause });
  const rows = gapRows(
    [
      gap("2024-07-03T17:00:00Z", "2024-07-03T21:00:00Z", "early close"),
      gap("2024-07-02T14:00:00Z", "2024-07-02T14:02:00Z", null),
      gap("2024-07-02T15:00:00Z", "2024-07-02T15:02:00Z", null),
    ],
    new WallClock(NEW_YORK),
  );
  assert.deepEqual(
    rows.map(({ day, from, to, count, missing, cause }) => [day, from, to, count, missing, cause]),
    [
      ["2024-07-02", "10:00", "11:02", 2, 4, null],
      ["2024-07-03", "13:00", "17:00", 1, 2, "early close"],
    ],
  );
});

test("a rate is the growth by a second; a gateway that began anew has none", () => {
  const { values } = ratesOf({ at: [0, 10, 20, 30], values: [5, 25, 0, 10] });
  assert.deepEqual(values, [null, 2, null, 1]);
});

test("a plot's line breaks where a figure is missing, and ends an hour back", () => {
  const series = { at: [0, 3_000, 3_600, 5_400, 6_000], values: [1, 2, null, 0, 2] };
  assert.deepEqual(linesOf(series, 6_000, 0, 2), ["40.0,2.0", "200.0,54.0 240.0,2.0"]);
});
