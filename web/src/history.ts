// What is stored, by symbol and month; backfill with its cost before the button; verify and repair.

import { API, messageOf, type Api } from "./api.ts";
import { byId, fill, h, setText } from "./dom.ts";
import { formatAge, formatBytes, formatCount } from "./format.ts";
import { symbolsOf } from "./scanner/row.ts";
import { parseInstant } from "./time.ts";

interface SpanRow {
  start: string;
  end: string;
}

interface SymbolRow {
  symbol: string;
  series: string;
  spans: SpanRow[];
  bars: number;
  final: boolean;
}

interface SeriesRow {
  series: string;
  symbols: number;
  rows: number;
  bytes: number;
  segments: number;
  start: string;
  end: string;
}

interface StatusAnswer {
  store: string;
  source: string;
  series: SeriesRow[];
  symbols: SymbolRow[];
}

interface BackfillAnswer {
  questions: number;
  requests: number;
  seconds: number;
  why: string;
  failures?: unknown[];
  bars?: number;
}

const MONTHS = 36;

export class History {
  private readonly api: Api;
  private readonly symbols: () => readonly string[];
  private readonly now: () => number;
  private planned: string | null = null;

  constructor(api: Api, symbols: () => readonly string[], now: () => number) {
    this.api = api;
    this.symbols = symbols;
    this.now = now;
    byId("history-read").addEventListener("click", () => void this.show());
    byId("backfill-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.backfill();
    });
    byId("backfill-form").addEventListener("input", () => this.forget());
    byId("verify-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.verify();
    });
    byId("repair").addEventListener("click", () => void this.repair());
  }

  /** Read what is stored of the watchlist's symbols. */
  async show(): Promise<void> {
    const field = byId("backfill-symbols") as HTMLInputElement;
    if (field.value === "") field.value = this.symbols().join(" ");
    this.say("Reading the store…");
    try {
      if ((await this.api.get<{ store: string | null }>("/status")).store === null) {
        this.say("This gateway keeps nothing: start it with a --store.");
        return;
      }
      const status = await this.api.get<StatusAnswer>(`${API}/history/status`);
      this.showSeries(status);
      const rows: SymbolRow[] = [];
      for (const symbol of this.symbols().slice(0, 60)) {
        const path = `${API}/history/status?symbol=${encodeURIComponent(symbol)}`;
        rows.push(...(await this.api.get<StatusAnswer>(path)).symbols);
      }
      this.showMap(rows.filter(({ series }) => series === "1min"));
      this.say("");
    } catch (error) {
      this.say(messageOf(error) ?? "");
    }
  }

  private showSeries(status: StatusAnswer): void {
    const rows = status.series.map((row) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, row.series),
        h("td", {}, formatCount(row.symbols)),
        h("td", {}, formatCount(row.rows)),
        h("td", {}, formatBytes(row.bytes)),
        h("td", {}, `${row.start.slice(0, 10)} to ${row.end.slice(0, 10)}`),
      ),
    );
    fill(byId("history-series"), ...rows);
    setText(byId("history-store"), `${status.store}, bars of ${status.source}`);
  }

  /** A cell a month: how much of it is covered. */
  private showMap(rows: readonly SymbolRow[]): void {
    const months = monthsBefore(this.now(), MONTHS);
    const head = h(
      "tr",
      {},
      h("th", {}),
      ...months.map(({ label, year }) => h("th", { scope: "col" }, label === "J" ? year : "")),
    );
    const lines = rows.map((row) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, row.symbol),
        ...months.map((month) => cellOf(row, month)),
      ),
    );
    fill(byId("history-map"), head, ...lines);
  }

  private request(): { symbols: string[]; start_date: string; end_date?: string } {
    const value = (id: string) => (byId(id) as HTMLInputElement).value;
    const end = value("backfill-to");
    return {
      symbols: symbolsOf(value("backfill-symbols")),
      start_date: value("backfill-from"),
      ...(end === "" ? {} : { end_date: end }),
    };
  }

  /** First what it costs; then, by the same button, the work. */
  private async backfill(): Promise<void> {
    const button = byId("backfill") as HTMLButtonElement;
    const request = this.request();
    const key = JSON.stringify(request);
    const dry = this.planned !== key;
    button.disabled = true;
    setText(byId("backfill-note"), dry ? "Planning…" : "Backfilling: what is fetched is kept…");
    try {
      const path = `${API}/history/backfill`;
      const answer = await this.api.post<BackfillAnswer>(path, { ...request, dry_run: dry });
      setText(byId("backfill-note"), dry ? planText(answer) : doneText(answer));
      this.planned = dry && answer.questions > 0 ? key : null;
      if (!dry) await this.show();
    } catch (error) {
      setText(byId("backfill-note"), messageOf(error) ?? "");
      this.planned = null;
    } finally {
      button.disabled = false;
      setText(button, this.planned === null ? "What would it cost?" : "Backfill");
    }
  }

  private forget(): void {
    this.planned = null;
    setText(byId("backfill"), "What would it cost?");
  }

  private async verify(): Promise<void> {
    const symbol = (byId("verify-symbol") as HTMLInputElement).value.trim().toUpperCase();
    const place = byId("verify-report");
    fill(place, h("p", {}, `Verifying ${symbol}…`));
    try {
      const path = `${API}/history/verify?symbol=${encodeURIComponent(symbol)}`;
      const reports = await this.api.get<Record<string, unknown>[]>(path);
      if (reports.length === 0) fill(place, h("p", {}, `Nothing is stored of ${symbol}.`));
      else fill(place, ...reports.map(reportOf));
    } catch (error) {
      fill(place, h("p", {}, messageOf(error) ?? ""));
    }
  }

  private async repair(): Promise<void> {
    const symbol = (byId("verify-symbol") as HTMLInputElement).value.trim().toUpperCase();
    const place = byId("verify-report");
    fill(place, h("p", {}, `Asking again for the doubtful days of ${symbol}…`));
    try {
      const answer = await this.api.post<BackfillAnswer>(`${API}/history/repair`, {
        symbols: [symbol],
      });
      fill(place, h("p", {}, doneText(answer)));
    } catch (error) {
      fill(place, h("p", {}, messageOf(error) ?? ""));
    }
  }

  private say(text: string): void {
    setText(byId("history-note"), text);
  }
}

interface Month {
  label: string;
  year: string;
  start: number;
  end: number;
}

/** Calendar months up to an instant, the last one last. */
export function monthsBefore(instant: number, count: number): Month[] {
  const date = new Date(instant * 1_000);
  return Array.from({ length: count }, (_, place) => {
    const month = date.getUTCMonth() - (count - 1 - place);
    const start = Date.UTC(date.getUTCFullYear(), month, 1) / 1_000;
    const end = Date.UTC(date.getUTCFullYear(), month + 1, 1) / 1_000;
    const name = new Date(start * 1_000).toLocaleString("en-US", { month: "short", timeZone: "UTC" });
    return { label: name[0] === "J" && name === "Jan" ? "J" : "", year: isoYear(start), start, end };
  });
}

function isoYear(instant: number): string {
  return new Date(instant * 1_000).toISOString().slice(0, 4);
}

function cellOf(row: SymbolRow, month: Month): HTMLElement {
  const covered = row.spans.reduce((sum, span) => {
    const from = Math.max(month.start, parseInstant(span.start));
    const to = Math.min(month.end, parseInstant(span.end));
    return sum + Math.max(0, to - from);
  }, 0);
  const share = covered / (month.end - month.start);
  const name = new Date(month.start * 1_000).toISOString().slice(0, 7);
  const kind = share === 0 ? "none" : share > 0.97 ? "whole" : "part";
  const title = `${row.symbol} ${name}: ${Math.round(100 * share)}% covered`;
  return h("td", { class: `${kind}${row.final ? " final" : ""}`, title });
}

function planText(answer: BackfillAnswer): string {
  if (answer.questions === 0) return "Everything is there already: nothing to fetch.";
  const time = formatAge(answer.seconds);
  const why = answer.why ? ` (${answer.why})` : "";
  return `${formatCount(answer.requests)} requests of the budget, about ${time}${why}.`;
}

function doneText(answer: BackfillAnswer): string {
  const count = Object.entries(answer).filter(([, value]) => typeof value === "number");
  return `Done: ${count.map(([name, value]) => `${name} ${formatCount(value as number)}`).join(", ")}`;
}

function reportOf(report: Record<string, unknown>): HTMLElement {
  const rows = Object.entries(report).map(([name, value]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", {}, typeof value === "string" ? value : JSON.stringify(value)),
    ),
  );
  return h("table", { class: "facts" }, h("tbody", {}, ...rows));
}
