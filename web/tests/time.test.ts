import assert from "node:assert/strict";
import { test } from "node:test";

import { clockText, dateText, instantText, NEW_YORK, parseInstant, WallClock } from "../src/time.ts";

const clock = new WallClock(NEW_YORK);

test("New York is five hours behind in winter and four in summer", () => {
  assert.equal(clock.offset(parseInstant("2024-01-02T14:30:00Z")), -5 * 3600);
  assert.equal(clock.offset(parseInstant("2024-07-02T13:30:00Z")), -4 * 3600);
});

test("on the days of the change the offset changes at two in the morning", () => {
  const spring = parseInstant("2024-03-10T07:00:00Z");
  assert.deepEqual([spring - 1, spring].map((at) => clock.offset(at) / 3600), [-5, -4]);
  const autumn = parseInstant("2024-11-03T06:00:00Z");
  assert.deepEqual([autumn - 1, autumn].map((at) => clock.offset(at) / 3600), [-4, -5]);
});

test("a wall time becomes its instant again, at any hour of two years", () => {
  const begin = parseInstant("2024-01-01T00:00:00Z");
  for (let hour = 0; hour < 2 * 366 * 24; hour++) {
    const instant = begin + hour * 3600;
    const again = clock.unshift(clock.shift(instant));
    // In the hour that comes twice it is the first of the two.
    assert.ok(again === instant || clock.shift(again) === clock.shift(instant));
  }
});

test("instants read as New York has them", () => {
  const open = parseInstant("2024-07-02T13:30:00Z");
  assert.equal(dateText(clock.shift(open)), "2024-07-02");
  assert.equal(clockText(clock.shift(open)), "09:30");
  assert.equal(instantText(clock, open, true), "Tue 2024-07-02 09:30");
});
