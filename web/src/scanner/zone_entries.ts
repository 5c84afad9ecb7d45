// Which entries into zones are news. A price goes in and out of a zone many times, and each scan makes
// zones anew: one entry is news until the price has left. Pure.

import { holds } from "../zones.ts";
import type { PlainZone, SymbolState } from "./row.ts";

/** Left is a zone once the price is so far away, of its width (which is one ATR of 15 minutes) ... */
const LEFT_WIDTHS = 0.5;
/** ... or has been outside for so long, seconds of the market. */
const LEFT_AFTER_S = 900;

export interface Entry {
  symbol: string;
  zone: PlainZone;
  price: number;
}

/** A zone that the price is in, or has not left. */
interface Mark {
  low: number;
  high: number;
  /** When the price was in it last, seconds UTC. */
  at: number;
}

/** Which zones a price went into: those that hold it now and did not hold the one before. */
export function entries(state: SymbolState, before: number | null, level: string): Entry[] {
  const { price, symbol } = state;
  if (price === null || before === null) return [];
  return zonesThatHold(state, level)
    .filter((zone) => !holds(zone, before))
    .map((zone) => ({ symbol, zone, price }));
}

function zonesThatHold({ price, zones }: SymbolState, level: string): PlainZone[] {
  if (price === null || zones === null) return [];
  return zones.zones.filter((zone) => zone.level >= level && holds(zone, price));
}

export class EntryMemory {
  private readonly marks = new Map<string, Mark[]>();

  /** The entries that are news, of zones of a level or a higher one; `at` is when the price
   * was `state.price`, seconds UTC. A zone that overlaps one of earlier news is the same.
   */
  news(state: SymbolState, before: number | null, at: number, level: string): Entry[] {
    const { price, symbol } = state;
    if (price === null) return [];
    const marks = (this.marks.get(symbol) ?? []).filter((mark) => isIn(mark, price, at));
    const news = entries(state, before, level).filter(({ zone }) => {
      return !marks.some((mark) => mark.low <= zone.high && zone.low <= mark.high);
    });
    const now = zonesThatHold(state, level).map(({ low, high }) => ({ low, high, at }));
    const others = marks.filter((mark) => !now.some(({ low, high }) => low === mark.low && high === mark.high));
    this.marks.set(symbol, [...others.map((mark) => (holds(mark, price) ? { ...mark, at } : mark)), ...now]);
    return news;
  }
}

/** Whether a price has not left a zone. Of a market that begins anew nothing is known. */
function isIn({ low, high, at: last }: Mark, price: number, at: number): boolean {
  const away = Math.max(low - price, price - high, 0);
  return at >= last && away <= LEFT_WIDTHS * (high - low) && (away === 0 || at - last < LEFT_AFTER_S);
}
