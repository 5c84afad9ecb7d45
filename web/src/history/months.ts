// The heat map of what is stored: symbols by months, counted in trading days. Pure but for its cells.

import { h } from "../dom.ts";

/** A month of `/api/v1/history/months`: trading days that are over. */
export interface Month {
  month: string;
  days: number;
  stored: number;
  final: number;
  partial: number;
}

export interface SymbolMonths {
  symbol: string;
  months: Month[];
}

export type Kind = "none" | "part" | "whole" | "final";

/** How a month stands: whole means every trading day, final that none is corrected any more. */
export function kindOf({ days, stored, final, partial }: Month): Kind {
  if (stored === 0 && partial === 0) return "none";
  if (stored < days) return "part";
  return final === days ? "final" : "whole";
}

export function monthText(symbol: string, month: Month): string {
  const { days, stored, final, partial } = month;
  const more = [
    stored > final ? `${stored - final} provisional` : "",
    partial > 0 ? `${partial} more in part` : "",
  ].filter((text) => text !== "");
  const rest = more.length > 0 ? ` (${more.join(", ")})` : "";
  return `${symbol} ${month.month}: ${stored} of ${days} trading days${rest}`;
}

/** The rows of the table: a head of years, then a line a symbol. */
export function mapRows(rows: readonly SymbolMonths[]): HTMLTableRowElement[] {
  const names = [...new Set(rows.flatMap(({ months }) => months.map(({ month }) => month)))].sort();
  const head = h(
    "tr",
    {},
    h("td", {}),
    ...yearsOf(names).map(([year, count]) => h("th", { scope: "colgroup", colspan: count }, count > 2 ? year : "")),
  );
  return [head, ...rows.map((row) => lineOf(row, names))];
}

function yearsOf(names: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) {
    const year = name.slice(0, 4);
    counts.set(year, (counts.get(year) ?? 0) + 1);
  }
  return [...counts];
}

function lineOf({ symbol, months }: SymbolMonths, names: readonly string[]): HTMLTableRowElement {
  const known = new Map(months.map((month) => [month.month, month]));
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, symbol),
    ...names.map((name) => {
      const month = known.get(name);
      if (month === undefined) return h("td", {});
      const text = monthText(symbol, month);
      return h("td", { class: kindOf(month), title: text }, h("span", { class: "sr" }, text));
    }),
  );
}
