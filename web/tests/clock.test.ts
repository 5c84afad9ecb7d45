import assert from "node:assert/strict";
import { test } from "node:test";

import type { Api } from "../src/api.ts";
import { Cadence } from "../src/chart/cadence.ts";
import { ageText } from "../src/chart/levels.ts";
import { GatewayClock, type ClockState } from "../src/clock.ts";
import { Engines } from "../src/engines.ts";
import { NEW_YORK, parseInstant, WallClock } from "../src/time.ts";

const TEN = "2026-11-18T15:00:00Z";
const at = parseInstant(TEN);

/** A gateway's clock as the page reads it, and a machine's that the test turns. */
function scene(state: Partial<ClockState> = {}) {
  const own = { now: TEN, speed: 60, paused: false, wall: false, end: null, ...state } as ClockState;
  const seen = { ms: 0, turns: 0, own };
  const api = { get: () => Promise.resolve({ ...seen.own }) } as unknown as Api;
  const clock = new GatewayClock(api, () => seen.ms);
  clock.onTurn = () => (seen.turns += 1);
  return { clock, seen };
}

test("a replay's clock runs at its speed and stands at its end, as the gateway's does", async () => {
  const { clock, seen } = scene({ end: "2026-11-18T15:01:00Z" });
  await clock.read();
  const after = (ms: number) => ((seen.ms = ms), [clock.now() - at, clock.hasEnded]);
  assert.deepEqual([after(500), after(1_000), after(60_000)], [[30, false], [60, true], [60, true]]);
});

test("a turned clock is noticed: stopped, at another speed, stepped; not that it goes on", async () => {
  const { clock, seen } = scene();
  await clock.read();
  const read = async (change: Partial<ClockState>, ms = 1_000) => {
    [seen.ms, seen.turns] = [seen.ms + ms, 0];
    Object.assign(seen.own, change);
    await clock.read();
    return [seen.turns, clock.now() - at];
  };
  assert.deepEqual(await read({ now: "2026-11-18T15:01:00Z" }), [0, 60]);
  // The way of an answer took half a second.
  assert.deepEqual(await read({ now: "2026-11-18T15:01:30Z" }), [0, 90]);
  assert.deepEqual(await read({ paused: true }), [1, 90]);
  assert.deepEqual(await read({}), [0, 90]);
  assert.deepEqual(await read({ now: "2026-11-18T18:30:00Z" }), [1, 12_600]);
  assert.deepEqual(await read({ paused: false, speed: 600 }), [1, 12_600]);
});

test("a minute of the feed that is ahead of the clock has it read at once", async () => {
  const { clock, seen } = scene({ paused: true });
  await clock.read();
  seen.own.now = "2026-11-18T18:30:00Z";
  await clock.heard(at);
  assert.equal(clock.now() - at, 0);
  await clock.heard(at + 12_540);
  assert.deepEqual([clock.now() - at, seen.turns], [12_600, 1]);
});

test("levels are read each market minute, or as often as answers come, and at once after a turn", () => {
  const cadence = new Cadence();
  const read = (now: number, ms: number, took: number) => {
    assert.ok(cadence.due(now, ms));
    cadence.begin(now, ms);
    assert.ok(!cadence.due(now + 600, ms));
    cadence.end(ms + took);
  };
  read(at + 5, 0, 400);
  assert.ok(!cadence.due(at + 61, 56_000));
  read(at + 62, 57_000, 700);
  // Ten minutes a second: as long as it took there is rest, at least a second from its beginning on.
  assert.deepEqual([57_900, 58_399, 58_400].map((ms) => cadence.due(at + 700, ms)), [false, false, true]);
  read(at + 700, 58_400, 100);
  assert.deepEqual([59_399, 59_400].map((ms) => cadence.due(at + 900, ms)), [false, true]);
  cadence.turn();
  assert.ok(cadence.due(at + 700, 58_500));
});

test("levels that are older than two minutes of the market say of when they are", () => {
  const home = new WallClock(NEW_YORK);
  const said = [120, 121].map((age) => ageText(at, at + age, home));
  assert.deepEqual(said, ["", "levels as of 10:00"]);
});

test("every reading says of when it is, a session's by its own name", async () => {
  const api = { post: () => Promise.resolve({ session_datetime: TEN, open_price: "50.1" }) };
  const session = await new Engines(api as unknown as Api).session("SPY", null);
  assert.deepEqual([session.as_of, session.open_price], [TEN, "50.1"]);
});
