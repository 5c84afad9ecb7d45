// What the page is about: symbol, timeframe, instant, view; in the link, so that it can be sent.
// What the viewer chose to see is remembered in this browser.

import { parseSymbol } from "./symbols.ts";
import { DEFAULT_TIMEFRAME, timeframeOf, type Timeframe } from "./timeframes.ts";
import { isoText, parseInstant } from "./time.ts";

export type View = "chart" | "scanner" | "history" | "health";
export const VIEWS: readonly View[] = ["chart", "scanner", "history", "health"];

export interface Place {
  view: View;
  symbol: string;
  timeframe: Timeframe;
  /** Seconds UTC; null: now. */
  asOf: number | null;
}


/** The place that a link's fragment names; what it does not name is as in `fallback`. */
export function parsePlace(fragment: string, fallback: Place): Place {
  const [path = "", query = ""] = fragment.replace(/^#\/?/, "").split("?", 2);
  const fields = new URLSearchParams(query);
  const symbol = parseSymbol(fields.get("symbol") ?? "");
  const instant = parseInstant(fields.get("as_of") ?? "");
  return {
    view: VIEWS.find((view) => view === path) ?? fallback.view,
    symbol: symbol ?? fallback.symbol,
    timeframe: timeframeOf(fields.get("timeframe") ?? "") ?? fallback.timeframe,
    asOf: Number.isFinite(instant) ? instant : null,
  };
}

export function linkOf(place: Place): string {
  const fields = new URLSearchParams({ symbol: place.symbol, timeframe: place.timeframe.name });
  if (place.asOf !== null) fields.set("as_of", isoText(place.asOf));
  return `#/${place.view}?${fields.toString()}`;
}

export const START: Place = {
  view: "chart",
  symbol: "SPY",
  timeframe: DEFAULT_TIMEFRAME,
  asOf: null,
};

/** A value of this browser. Where it keeps nothing (a private window), the value lives as long as
 * the page.
 */
export class Preference<T> {
  private current: T;
  private readonly key: string;
  private readonly isValid: (value: unknown) => value is T;

  constructor(name: string, fallback: T, isValid: (value: unknown) => value is T) {
    this.key = `polytape.${name}`;
    this.isValid = isValid;
    this.current = fallback;
    try {
      this.take(localStorage.getItem(this.key));
    } catch {
      // Nothing is kept here: the fallback it is.
    }
  }

  /** Heed what other tabs of this browser write: what they saved is never overwritten unseen. */
  follow(onChange: () => void): void {
    window.addEventListener("storage", ({ key, newValue }) => {
      if (key === this.key && this.take(newValue)) onChange();
    });
  }

  /** Take a stored text; whether it is a value of this one. */
  private take(text: string | null): boolean {
    if (text === null) return false;
    try {
      const stored: unknown = JSON.parse(text);
      if (!this.isValid(stored)) return false;
      this.current = stored;
      return true;
    } catch {
      return false;
    }
  }

  get value(): T {
    return this.current;
  }

  set value(value: T) {
    this.current = value;
    try {
      localStorage.setItem(this.key, JSON.stringify(value));
    } catch {
      // The choice holds until the page is closed.
    }
  }
}

export function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

export function isText(value: unknown): value is string {
  return typeof value === "string";
}
