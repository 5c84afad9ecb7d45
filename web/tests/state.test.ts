import assert from "node:assert/strict";
import { test } from "node:test";

import { formatAge, formatPrice, formatSigned, formatVolume } from "../src/format.ts";
import { linkOf, parsePlace, START } from "../src/state.ts";
import { TIMEFRAMES } from "../src/timeframes.ts";

test("a link says the place, and is read as it was written", () => {
  for (const timeframe of TIMEFRAMES) {
    for (const asOf of [null, 1_719_927_000]) {
      const place = { view: "scanner" as const, symbol: "BRK.B", timeframe, asOf };
      assert.deepEqual(parsePlace(linkOf(place), START), place);
    }
  }
});

test("what a link says wrong is as before", () => {
  for (const link of ["", "#", "#/nowhere?symbol=%3Cb%3E&timeframe=7min&as_of=never", "#/chart?symbol="]) {
    assert.deepEqual(parsePlace(link, START), START);
  }
});

test("numbers read as a trader has them", () => {
  assert.deepEqual([1234.5, 0.1234, null, NaN].map(formatPrice), ["1,234.50", "0.1234", "–", "–"]);
  assert.deepEqual([1.255, -0.4, 0, -0.001].map((value) => formatSigned(value)), ["+1.25", "\u22120.40", "0.00", "0.00"]);
  assert.deepEqual([812, 999.9, 14_200, 99_960, 3_050_000, 2e9].map(formatVolume), ["812", "1.00k", "14.2k", "100k", "3.05M", "2.00B"]);
  assert.deepEqual([4, 61, 7_300, 200_000, -5].map(formatAge), ["4 s", "1 min", "2 h", "2 d", "0 s"]);
});
