// The report on what is stored of one symbol: what is wrong, and each gap with its cause.

import { h } from "../dom.ts";
import { formatCount } from "../format.ts";
import { clockText, dateText, parseInstant, type WallClock } from "../time.ts";

export interface Gap {
  start: string;
  end: string;
  missing: number;
  cause: string | null;
}

export interface Finding {
  kind: string;
  timestamp: string;
  detail: string;
}

/** One stored span of `/api/v1/history/verify`. */
export interface Verified {
  symbol: string;
  series: string;
  start: string;
  end: string;
  report: {
    sound: boolean;
    bars: number;
    missing: number;
    findings: Finding[];
    gaps: Gap[];
  };
}

export const NO_CAUSE = "not known: a halt, no trade, or a hole";
const MOST_ROWS = 200;

/** A row of the report: gaps of one day and cause together. */
export interface GapRow {
  day: string;
  from: string;
  to: string;
  count: number;
  missing: number;
  cause: string | null;
}

/** Gaps by day and cause, those without a cause first, then by time. Pure. */
export function gapRows(gaps: readonly Gap[], clock: WallClock): GapRow[] {
  const rows = new Map<string, GapRow>();
  for (const { start, end, missing, cause } of gaps) {
    const from = clock.shift(parseInstant(start));
    const to = clock.shift(parseInstant(end));
    const day = dateText(from);
    const key = `${day} ${cause ?? ""}`;
    const row = rows.get(key);
    if (row === undefined) {
      rows.set(key, { day, from: momentText(from), to: momentText(to, day), count: 1, missing, cause });
    } else {
      row.to = momentText(to, day);
      row.count += 1;
      row.missing += missing;
    }
  }
  const all = [...rows.values()];
  return [...all.filter((row) => row.cause === null), ...all.filter((row) => row.cause !== null)];
}

function momentText(wall: number, day?: string): string {
  const date = dateText(wall);
  return date === day || day === undefined ? clockText(wall) : `${date} ${clockText(wall)}`;
}

export function reportOf(verified: Verified, clock: WallClock): HTMLElement {
  const { symbol, series, report } = verified;
  const end = parseInstant(verified.end) - 1;
  const span = `${dateText(clock.shift(parseInstant(verified.start)))} to ${dateText(clock.shift(end))}`;
  const verdict = report.sound ? "sound" : `${report.findings.length} findings`;
  const missing = report.missing > 0 ? `, ${formatCount(report.missing)} missing without a cause` : "";
  return h(
    "section",
    { class: report.sound && report.missing === 0 ? "report sound" : "report doubtful" },
    h("h4", {}, `${symbol} ${series}, ${span}`),
    h("p", {}, h("b", {}, verdict), `: ${formatCount(report.bars)} bars${missing}`),
    findingsTable(report.findings, clock),
    gapsTable(gapRows(report.gaps, clock)),
  );
}

function findingsTable(findings: readonly Finding[], clock: WallClock): HTMLElement | null {
  if (findings.length === 0) return null;
  const rows = findings.slice(0, MOST_ROWS).map(({ kind, timestamp, detail }) => {
    const wall = clock.shift(parseInstant(timestamp));
    const at = `${dateText(wall)} ${clockText(wall)}`;
    return h("tr", {}, h("td", {}, at), h("th", { scope: "row" }, kind), h("td", {}, detail));
  });
  return tableOf(["New York", "Finding", "Detail"], rows, findings.length);
}

function gapsTable(gaps: readonly GapRow[]): HTMLElement | null {
  if (gaps.length === 0) return null;
  const rows = gaps.slice(0, MOST_ROWS).map(({ day, from, to, count, missing, cause }) =>
    h(
      "tr",
      { class: cause === null ? "unexplained" : "" },
      h("td", {}, day),
      h("td", {}, `${from}–${to}`),
      h("td", {}, count > 1 ? `${count} gaps` : "1 gap"),
      h("td", {}, formatCount(missing)),
      h("td", {}, cause ?? NO_CAUSE),
    ),
  );
  return tableOf(["Day", "New York", "", "Missing", "Cause"], rows, gaps.length);
}

function tableOf(heads: readonly string[], rows: readonly Node[], count: number): HTMLElement {
  const more = count - rows.length;
  return h(
    "div",
    {},
    h(
      "table",
      { class: "facts" },
      h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, ...rows),
    ),
    more > 0 ? h("p", { class: "dim" }, `and ${formatCount(more)} rows more`) : null,
  );
}
