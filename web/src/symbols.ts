// What a symbol is and how it is written, by the gateway's own rule. Pure.

import { instantText, type WallClock } from "./time.ts";

const LONGEST = 32;
const SYMBOL = /^[A-Za-z0-9]+(?:[.\-:_][A-Za-z0-9]+)*$/;
// Preferred shares (KIMpL), warrants (ABCw) and rights (ABCr) have their class in lower case.
const CASE_BEARING = /^[A-Z]+(?:p[A-Z]*|w|r|rw|wi)(?:\.[A-Z]+)?$/;

/** The symbol as the vendor writes it; null for what is none. */
export function parseSymbol(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed.length > LONGEST || !SYMBOL.test(trimmed)) return null;
  return CASE_BEARING.test(trimmed) ? trimmed : trimmed.toUpperCase();
}

/** `APPL → AAPL` where a symbol was taken for what was written; empty where that is what was written. */
export function swapText(written: string, symbol: string): string {
  const text = written.trim();
  return text === "" || parseSymbol(text) === symbol ? "" : `${text} → ${symbol}`;
}

export interface Pasted {
  symbols: string[];
  /** Words that are no symbols. */
  others: string[];
}

/** Symbols of a text that was pasted: by blanks, commas, semicolons, bars or lines, quotes or not;
 * each once.
 */
export function pastedSymbols(text: string): Pasted {
  const words = text.split(/[\s,;|]+/).map((word) => word.replace(/^["'$(]+|["')]+$/g, ""));
  const symbols = new Set<string>();
  const others = new Set<string>();
  for (const word of words.filter((one) => one !== "")) {
    const symbol = parseSymbol(word);
    if (symbol === null) others.add(word);
    else symbols.add(symbol);
  }
  return { symbols: [...symbols], others: [...others] };
}

/** What a pasted list comes to, in words. */
export function pastedText({ symbols, others }: Pasted, most: number): string {
  const count = symbols.length === 1 ? "1 symbol" : `${symbols.length.toLocaleString("en-US")} symbols`;
  const cut = symbols.length > most ? `, of which the first ${most.toLocaleString("en-US")} are kept` : "";
  if (others.length === 0) return `${count}${cut}`;
  const shown = others.slice(0, 5).map((word) => (word.length > 20 ? `${word.slice(0, 20)}…` : word));
  const more = others.length > shown.length ? ` and ${others.length - shown.length} more` : "";
  return `${count}${cut}; left out, as no symbols: ${shown.join(" ")}${more}`;
}

/** How many letters have to be changed, put in, left out or exchanged with the next one to make one
 * word of another.
 */
export function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, place) => place);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, (before[j - 2] ?? 0) + 1);
      }
      row.push(edits);
    }
    before = above;
    above = row;
  }
  return above[b.length] ?? 0;
}

interface Named {
  symbol: string;
  name: string;
}

/** Those that a text may mean, the nearest first: by their symbol, or a word of their name. */
export function nearest<T extends Named>(text: string, known: readonly T[], most: number): T[] {
  const written = text.trim().toUpperCase();
  // One slip in three letters, two in six: what differs more means something else.
  const slips = Math.max(1, Math.floor(written.length / 3));
  const editsTo = ({ symbol, name }: Named) => {
    const words = [symbol, ...name.split(/[\s.,]+/)].filter((word) => word !== "");
    return Math.min(...words.map((word) => editsBetween(written, word.toUpperCase())));
  };
  return known
    .map((one) => ({ one, edits: editsTo(one) }))
    .filter(({ edits }) => edits <= slips)
    .sort((a, b) => a.edits - b.edits || (a.one.symbol < b.one.symbol ? -1 : 1))
    .slice(0, most)
    .map(({ one }) => one);
}

/** The gateway's reason, and the symbols that it says may be meant. Pure. */
export function meantOf(text: string): { reason: string; meant: string[] } {
  const found = /^(.*?) \(did you mean (.+?)\?\)(.*)$/s.exec(text);
  if (found === null) return { reason: text, meant: [] };
  const [, reason = "", names = "", rest = ""] = found;
  return { reason: reason + rest, meant: names.split(/, | or /) };
}

/** Why there is no chart, and what can be done; `asOf` in seconds UTC. Pure. */
export function emptyText(symbol: string, asOf: number | null, home: WallClock): string {
  if (asOf === null) return `No bars of ${symbol}. Is it spelt right? Press / to search.`;
  const until = `${instantText(home, asOf, true)} New York`;
  return `No bars of ${symbol} before ${until}. Choose a later instant above, or press / to search.`;
}
