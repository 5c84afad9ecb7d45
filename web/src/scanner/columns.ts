// The columns of the scanner: what each shows, and by what it sorts. Pure.

import { formatAge, formatNumber, formatPrice, formatSigned } from "../format.ts";
import type { SymbolState } from "./row.ts";

export interface Context {
  /** Seconds UTC of the gateway's market. */
  now: number;
}

export interface Column {
  name: string;
  label: string;
  help: string;
  /** Null sorts last, both ways. */
  value: (state: SymbolState, context: Context) => number | string | null;
  text: (state: SymbolState, context: Context) => string;
  /** Coloured by its sign. */
  signed?: boolean;
  wide?: boolean;
}

function signed(
  name: string,
  label: string,
  help: string,
  value: (state: SymbolState) => number | null,
): Column {
  return { name, label, help, value, text: (state) => formatSigned(value(state), 2, "%"), signed: true };
}

function age(state: SymbolState, { now }: Context): number | null {
  return state.lastEnd === null ? null : Math.max(0, now - state.lastEnd);
}

function zoneText(state: SymbolState): string {
  const nearest = state.nearest;
  if (nearest === null) {
    if (state.zones === null) return "…";
    return state.zones.error === null ? "none" : "not scanned";
  }
  const where = nearest.inside ? "inside" : nearest.dollars > 0 ? "above" : "below";
  return `${nearest.zone.level} ${nearest.kind} ${where}`;
}

export const COLUMNS: readonly Column[] = [
  {
    name: "symbol",
    label: "Symbol",
    help: "",
    value: (state) => state.symbol,
    text: (state) => state.symbol,
  },
  {
    name: "last",
    label: "Last",
    help: "Close of the last minute",
    value: (state) => state.price,
    text: (state) => (state.error === null ? formatPrice(state.price) : state.error),
  },
  signed("change", "Chg", "From the prior close", (state) => state.change),
  {
    name: "zone",
    label: "Nearest zone",
    help: "Level and side of the nearest zone, and whether price is inside",
    value: (state) => state.nearest?.zone.level ?? null,
    text: zoneText,
    wide: true,
  },
  {
    name: "distance",
    label: "Dist",
    help: "To the zone's centre in daily ATRs, above the price positive",
    value: (state) => (state.nearest?.atrs == null ? null : Math.abs(state.nearest.atrs)),
    text: (state) => formatSigned(state.nearest?.atrs ?? null, 2),
  },
  signed("from-open", "From open", "From the first regular price", (state) => state.changeFromOpen),
  signed("gap", "Gap", "The open from the prior close", (state) => state.gap),
  {
    name: "rvol",
    label: "RVol",
    help: "Volume beside the mean of earlier sessions by the same time of day",
    value: (state) => state.relativeVolume,
    text: (state) => formatNumber(state.relativeVolume, 2, "×"),
  },
  {
    name: "atr",
    label: "ATR",
    help: "Daily average true range in percent of the price",
    value: (state) => state.atrPercent,
    text: (state) => formatNumber(state.atrPercent, 2, "%"),
  },
  {
    name: "age",
    label: "Age",
    help: "Since the end of the last minute with a trade",
    value: age,
    text: (state, context) => formatAge(age(state, context)),
  },
];

export interface Order {
  column: string;
  descending: boolean;
}

/** The states in the order of a column; what has no value is last. */
export function sorted(
  states: readonly SymbolState[],
  order: Order | null,
  context: Context,
): SymbolState[] {
  const column = COLUMNS.find(({ name }) => name === order?.column);
  if (order === null || column === undefined) return [...states];
  const keyed = states.map((state) => ({ state, key: column.value(state, context) }));
  const sign = order.descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    if (a.key === b.key) return a.state.symbol < b.state.symbol ? -1 : 1;
    return a.key < b.key ? -sign : sign;
  });
  return keyed.map(({ state }) => state);
}

/** The table as comma-separated values, in the order on the screen. */
export function toCsv(states: readonly SymbolState[], context: Context): string {
  const quote = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const names = COLUMNS.map(({ name }) => name);
  const rows = states.map((state) =>
    COLUMNS.map((column) => {
      const value = column.value(state, context);
      return value === null ? "" : quote(typeof value === "number" ? String(+value.toFixed(6)) : value);
    }).join(","),
  );
  return [names.join(","), ...rows].join("\n") + "\n";
}
