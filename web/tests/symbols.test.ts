import assert from "node:assert/strict";
import { test } from "node:test";

import { editsBetween, nearest, parseSymbol, pastedSymbols, pastedText, swapText } from "../src/symbols.ts";

test("a symbol is written as the gateway writes it: classes keep their lower case", () => {
  const written = [" brk.b ", "KIMpL", "ABCw", "TpC", "spy", "BF-B"];
  assert.deepEqual(written.map(parseSymbol), ["BRK.B", "KIMpL", "ABCw", "TpC", "SPY", "BF-B"]);
  const none = ["", "../etc", "<b>", "http://x", "A".repeat(33), "A B", "Ä", ".A"];
  assert.deepEqual(none.map(parseSymbol), none.map(() => null));
});

test("a pasted list loses its rubbish, and says which", () => {
  const pasted = pastedSymbols('spy, qqq;"AAPL"\n$BRK.B\tspy KIMpL | <b> 12%');
  assert.deepEqual(pasted, { symbols: ["SPY", "QQQ", "AAPL", "BRK.B", "KIMpL"], others: ["<b>", "12%"] });
  assert.equal(pastedText(pasted, 1_000), "5 symbols; left out, as no symbols: <b> 12%");
  assert.equal(pastedText(pasted, 3), "5 symbols, of which the first 3 are kept; left out, as no symbols: <b> 12%");
});

test("edits between words count letters changed, put in, left out, exchanged; both ways the same", () => {
  const pairs = [["APPL", "AAPL", 1], ["APPL", "APPL", 0], ["TLSA", "TSLA", 1], ["", "SPY", 3], ["MSFT", "MSF", 1], ["NVDA", "GOOG", 4]] as const;
  for (const [a, b, edits] of pairs) {
    assert.equal(editsBetween(a, b), edits, `${a} ${b}`);
    assert.equal(editsBetween(b, a), edits, `${b} ${a}`);
  }
});

test("what may be meant is near by its symbol or a word of its name, the nearest first", () => {
  const known = [
    { symbol: "AAPL", name: "Apple Inc." },
    { symbol: "APLE", name: "Apple Hospitality REIT" },
    { symbol: "MSFT", name: "Microsoft Corporation" },
  ];
  assert.deepEqual(nearest("appl", known, 4).map(({ symbol }) => symbol), ["AAPL", "APLE"]);
  assert.deepEqual(nearest("microsfot", known, 4).map(({ symbol }) => symbol), ["MSFT"]);
  assert.deepEqual(nearest("zzzz", known, 4), []);
});

test("a symbol that is taken for another text is said, not swapped in silence", () => {
  const said = [["APPL", "AAPL"], ["apple", "AAPL"], [" aapl ", "AAPL"], ["", "AAPL"]] as const;
  assert.deepEqual(said.map(([text, symbol]) => swapText(text, symbol)), ["APPL → AAPL", "apple → AAPL", "", ""]);
});
