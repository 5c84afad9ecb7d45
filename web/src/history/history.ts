// What is stored, by symbol and month; backfill with its cost before the button; verify and repair.

import { API, messageOf, type Api } from "../api.ts";
import { byId, fill, h, setClass, setText } from "../dom.ts";
import { formatAge, formatBytes, formatCount } from "../format.ts";
import { pastedSymbols, parseSymbol } from "../symbols.ts";
import { dateText, parseInstant, type WallClock } from "../time.ts";
import { Jobs } from "./jobs.ts";
import { mapRows, type SymbolMonths } from "./months.ts";
import { reportOf, type Verified } from "./verify.ts";

interface SeriesRow {
  series: string;
  symbols: number;
  rows: number;
  bytes: number;
  start: string;
  end: string;
}

interface StatusAnswer {
  store: string;
  source: string;
  series: SeriesRow[];
}

/** A dry run of `/api/v1/history/backfill`. */
export interface Plan {
  questions: number;
  requests: number;
  seconds: number;
  why: string;
  most_bars: number | null;
}

interface Request {
  symbols: string[];
  timeframe: string;
  start_date: string;
  end_date?: string;
}

const MOST_SYMBOLS = 200;
const YEAR_S = 365 * 86_400;
const LEAST_MONTHS = 12;
const MOST_MONTHS = 240;

/** Calendar months from one instant to another, both included, as many as the map may have. */
export function monthsSince(first: number, now: number): number {
  const count = (instant: number) => {
    const date = new Date(instant * 1_000);
    return date.getUTCFullYear() * 12 + date.getUTCMonth();
  };
  return Math.min(MOST_MONTHS, Math.max(LEAST_MONTHS, count(now) - count(first) + 1));
}

/** What a backfill costs, before it is begun. */
export function planText(plan: Plan): string {
  if (plan.questions === 0) return "Everything is there already: nothing to fetch.";
  const most = plan.most_bars === null ? "" : `, at most ${formatCount(plan.most_bars)} bars`;
  const why = plan.why ? `: ${plan.why}` : "";
  const requests = plan.requests === 1 ? "request" : "requests";
  return `${formatCount(plan.requests)} ${requests} of the budget, about ${formatAge(plan.seconds)}${most}${why}.`;
}

export class History {
  private readonly api: Api;
  private readonly symbols: () => readonly string[];
  private readonly now: () => number;
  private readonly home: WallClock;
  private readonly jobs: Jobs;
  private planned: string | null = null;

  constructor(api: Api, symbols: () => readonly string[], home: WallClock, now: () => number) {
    this.api = api;
    this.symbols = symbols;
    this.home = home;
    this.now = now;
    this.jobs = new Jobs(api, byId("jobs"), () => !byId("view-history").classList.contains("hidden"));
    this.jobs.onEnd = () => void this.read();
    byId("history-read").addEventListener("click", () => void this.show());
    byId("backfill-form").addEventListener("input", () => this.forget());
    byId("backfill-start").addEventListener("click", () => void this.backfill());
    this.onSubmit("backfill-form", () => this.plan());
    this.onSubmit("verify-form", () => this.verify());
    byId("repair").addEventListener("click", () => void this.repair());
  }

  /** Read what is stored of the watchlist's symbols, and which jobs there are. */
  async show(): Promise<void> {
    this.fillForms();
    await Promise.all([this.read(), this.jobs.follow()]);
  }

  private fillForms(): void {
    const field = (id: string) => byId(id) as HTMLInputElement;
    if (field("backfill-symbols").value === "") field("backfill-symbols").value = this.symbols().join(" ");
    if (field("backfill-from").value === "") {
      field("backfill-from").value = dateText(this.home.shift(this.now() - YEAR_S));
    }
    if (field("verify-symbol").value === "") field("verify-symbol").value = this.symbols()[0] ?? "";
  }

  private onSubmit(id: string, act: () => Promise<void>): void {
    byId(id).addEventListener("submit", (event) => {
      event.preventDefault();
      void act();
    });
  }

  private async read(): Promise<void> {
    this.say("Reading the store…");
    try {
      const { store } = await this.api.get<{ store: string | null }>("/status");
      setClass(byId("history-body"), "hidden", store === null);
      if (store === null) {
        this.say("This gateway keeps nothing: start it with a --store.");
        return;
      }
      const status = await this.api.get<StatusAnswer>(`${API}/history/status`);
      this.showSeries(status);
      await this.readMap(status);
      this.say("");
    } catch (error) {
      this.say(messageOf(error) ?? "");
    }
  }

  private async readMap({ series }: StatusAnswer): Promise<void> {
    const symbols = this.symbols().slice(0, MOST_SYMBOLS);
    const timeframe = (byId("map-series") as HTMLSelectElement).value;
    if (symbols.length === 0) return;
    const first = series.find((row) => row.series === timeframe)?.start;
    const months = first === undefined ? LEAST_MONTHS : monthsSince(parseInstant(first), this.now());
    const body = { symbols, timeframe, months };
    const { rows } = await this.api.post<{ rows: SymbolMonths[] }>(`${API}/history/months`, body);
    fill(byId("history-map"), h("tbody", {}, ...mapRows(rows)));
    // The newest months are at the right.
    const box = byId("history-map").parentElement;
    if (box !== null) box.scrollLeft = box.scrollWidth;
    byId("map-series").onchange = () => void this.read();
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
    const nothing = h("tr", {}, h("td", { colspan: 5, class: "dim" }, "Nothing is stored yet."));
    fill(byId("history-series"), ...(rows.length > 0 ? rows : [nothing]));
    setText(byId("history-store"), `${status.store}, bars of ${status.source}`);
  }

  private request(): Request {
    const value = (id: string) => (byId(id) as HTMLInputElement).value;
    const end = value("backfill-to");
    return {
      symbols: pastedSymbols(value("backfill-symbols")).symbols,
      timeframe: value("backfill-series"),
      start_date: value("backfill-from"),
      ...(end === "" ? {} : { end_date: end }),
    };
  }

  /** What it costs; the button that begins it can be pressed only then. */
  private async plan(): Promise<void> {
    const request = this.request();
    this.forget();
    setText(byId("backfill-note"), "Planning…");
    try {
      const body = { ...request, dry_run: true };
      const plan = await this.api.act<Plan>(`${API}/history/backfill`, body);
      setText(byId("backfill-note"), planText(plan));
      this.planned = plan.questions > 0 ? JSON.stringify(request) : null;
      (byId("backfill-start") as HTMLButtonElement).disabled = this.planned === null;
    } catch (error) {
      setText(byId("backfill-note"), messageOf(error) ?? "");
    }
  }

  private async backfill(): Promise<void> {
    const request = this.request();
    if (this.planned !== JSON.stringify(request)) return;
    this.forget();
    await this.begin("backfill", request, byId("backfill-note"));
  }

  /** Begin a job; from then on the list of jobs says how it goes. */
  private async begin(kind: string, request: object, note: HTMLElement): Promise<void> {
    try {
      await this.api.act(`${API}/history/${kind}`, { ...request, wait: false });
      setText(note, "It has begun: its progress is below. It goes on when this page is closed.");
      await this.jobs.follow();
    } catch (error) {
      setText(note, messageOf(error) ?? "");
    }
  }

  private forget(): void {
    this.planned = null;
    (byId("backfill-start") as HTMLButtonElement).disabled = true;
    setText(byId("backfill-note"), "");
  }

  private get verifySymbol(): string {
    const text = (byId("verify-symbol") as HTMLInputElement).value;
    return parseSymbol(text) ?? text.trim();
  }

  private async verify(): Promise<void> {
    const symbol = this.verifySymbol;
    const place = byId("verify-report");
    setText(byId("verify-note"), `Verifying ${symbol}…`);
    place.replaceChildren();
    try {
      const path = `${API}/history/verify?symbol=${encodeURIComponent(symbol)}`;
      const reports = await this.api.get<Verified[]>(path);
      setText(byId("verify-note"), reports.length === 0 ? `Nothing is stored of ${symbol}.` : "");
      fill(place, ...reports.map((report) => reportOf(report, this.home)));
    } catch (error) {
      setText(byId("verify-note"), messageOf(error) ?? "");
    }
  }

  private async repair(): Promise<void> {
    if (this.verifySymbol === "") return;
    await this.begin("repair", { symbols: [this.verifySymbol] }, byId("verify-note"));
  }

  private say(text: string): void {
    setText(byId("history-note"), text);
  }
}
