// The table of a watchlist: filled once, live from then on.

import { API, messageOf, type Api } from "../api.ts";
import { partAt, sessionAt, type Session } from "../chart/sessions.ts";
import { byId, fill, h, setClass, setText, Sparkline } from "../dom.ts";
import type { Engines } from "../engines.ts";
import { isText, Preference } from "../state.ts";
import type { LiveBar } from "../stream.ts";
import { dateText, type WallClock } from "../time.ts";
import type { Alerts } from "./alerts.ts";
import { COLUMNS, sorted, toCsv, type Context, type Order } from "./columns.ts";
import { SymbolState, symbolsOf, type WatchRow } from "./row.ts";

const AT_ONCE = 40;
const MOST_SYMBOLS = 1_000;
const ZONES_EVERY_S = 900;
const REDRAW_MS = 500;
const DRAW_MS = 6;
const RESORT_MS = 3_000;
const START_LIST = ["SPY", "QQQ", "AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "TSLA", "AMD"];

type Lists = Record<string, string[]>;

function isLists(value: unknown): value is Lists {
  return typeof value === "object" && value !== null && Object.values(value).every(Array.isArray);
}

function isOrder(value: unknown): value is Order | null {
  return value === null || typeof (value as Order | undefined)?.column === "string";
}

export class Scanner {
  onPick: (symbol: string) => void = () => undefined;
  onSymbols: () => void = () => undefined;
  sessions: readonly Session[] = [];

  private readonly api: Api;
  private readonly engines: Engines;
  private readonly now: () => number;
  private readonly alerts: Alerts;
  private readonly context: Context = { now: 0 };
  private readonly home: WallClock;
  private readonly lists = new Preference<Lists>("watchlists", { Watchlist: START_LIST }, isLists);
  private readonly chosen = new Preference<string>("watchlist", "Watchlist", isText);
  private readonly order = new Preference<Order | null>("order", null, isOrder);
  private readonly states = new Map<string, SymbolState>();
  private readonly rows = new Map<string, Row>();
  private readonly changed = new Set<string>();
  private readonly body = byId("scan-rows");
  private frame: number | null = null;
  private started = false;
  private scanning = false;
  private generation = 0;
  private current = "";

  constructor(api: Api, engines: Engines, alerts: Alerts, home: WallClock, now: () => number) {
    this.api = api;
    this.engines = engines;
    this.now = now;
    this.alerts = alerts;
    this.home = home;
    this.makeHead();
    this.makeTools();
    window.setInterval(() => this.redraw(), REDRAW_MS);
    window.setInterval(() => this.resort(), RESORT_MS);
    window.setInterval(() => void this.scanZones(), 5_000);
    this.reset();
  }

  get symbols(): string[] {
    return this.lists.value[this.chosen.value] ?? [];
  }

  /** Bars of the feed, whosever they are. */
  live(bars: readonly LiveBar[]): void {
    for (const { symbol, kind, bar } of bars) {
      const state = this.states.get(symbol);
      if (state === undefined || kind !== "AM") continue;
      if (state.isOfAnotherDay(this.dayOf(bar.time))) {
        void this.load([symbol]);
        continue;
      }
      const before = state.price;
      state.push({ ...bar, regular: partAt(this.sessions, bar.time) === "regular" });
      this.changed.add(symbol);
      this.alerts.look(state, before);
    }
  }

  /** After a break of the feed: everything once more. */
  reload(): void {
    if (this.started) void this.load(this.symbols);
  }

  /** The chart's symbol is marked. */
  mark(symbol: string): void {
    this.current = symbol;
    for (const [name, row] of this.rows) setClass(row.element, "current", name === symbol);
  }

  /** The symbol `by` rows on from the chart's, as the table stands. */
  neighbour(by: number): string | null {
    const shown = [...this.body.children].filter((row) => !row.classList.contains("hidden"));
    const names = shown.map((row) => (row as HTMLElement).dataset["symbol"] ?? "");
    if (names.length === 0) return null;
    const place = names.indexOf(this.current);
    return names[(place + by + names.length) % names.length] ?? null;
  }

  private dayOf(instant: number): string {
    return sessionAt(this.sessions, instant)?.day ?? dateText(this.home.shift(instant));
  }

  /** Start anew with the symbols of the list. */
  private reset(): void {
    this.generation += 1;
    this.states.clear();
    this.rows.clear();
    this.body.replaceChildren();
    for (const symbol of this.symbols) {
      const row = new Row(symbol, () => this.onPick(symbol));
      this.states.set(symbol, new SymbolState(symbol));
      this.rows.set(symbol, row);
      this.changed.add(symbol);
      this.body.append(row.element);
    }
    setText(byId("scan-count"), `${this.symbols.length} symbols`);
    this.mark(this.current);
    this.onSymbols();
    this.redraw();
    if (this.started) void this.load(this.symbols);
  }

  /** Fill the table: once the chart has its bars, which go first. */
  start(): void {
    if (this.started) return;
    this.started = true;
    void this.load(this.symbols);
  }

  private async load(symbols: readonly string[]): Promise<void> {
    const { generation } = this;
    for (let place = 0; place < symbols.length; place += AT_ONCE) {
      const some = symbols.slice(place, place + AT_ONCE);
      try {
        type Answer = { rows: WatchRow[] };
        const answer = await this.api.post<Answer>(`${API}/watchlist`, { symbols: some });
        if (generation !== this.generation) return;
        for (const row of answer.rows) this.states.get(row.symbol)?.take(row);
        this.say("");
      } catch (error) {
        this.say(messageOf(error) ?? "");
        return;
      }
      for (const symbol of some) this.changed.add(symbol);
      this.resort();
    }
    void this.scanZones();
  }

  /** Zones of those that have none, or old ones; one after the other, so that charts go first. */
  private async scanZones(): Promise<void> {
    if (this.scanning || document.hidden) return;
    this.scanning = true;
    const { generation } = this;
    try {
      for (const state of this.states.values()) {
        if (generation !== this.generation) return;
        if (!state.loaded || state.error !== null || !this.isOld(state)) continue;
        await this.scan(state);
      }
    } finally {
      this.scanning = false;
    }
  }

  private isOld(state: SymbolState): boolean {
    return state.zones === null || this.now() - state.zones.at > ZONES_EVERY_S;
  }

  private async scan(state: SymbolState): Promise<void> {
    const at = this.now();
    try {
      const scan = await this.engines.scan(state.symbol, null);
      state.zones = { zones: scan.zones, atrDay: scan.atr_day, at, error: null };
    } catch (error) {
      // What was known stays; it is tried again as if it were old.
      state.zones ??= { zones: [], atrDay: null, at: at - ZONES_EVERY_S + 30, error: messageOf(error) };
    }
    this.changed.add(state.symbol);
  }

  private redraw(): void {
    this.context.now = this.now();
    for (const [symbol, row] of this.rows) {
      const state = this.states.get(symbol);
      if (state !== undefined && !this.changed.has(symbol)) row.age(state, this.context);
    }
    this.drawChanged();
  }

  /** Some rows a frame: a minute of five hundred symbols at once is no stutter. */
  private drawChanged(): void {
    const end = performance.now() + DRAW_MS;
    for (const symbol of this.changed) {
      if (performance.now() > end) break;
      this.changed.delete(symbol);
      const state = this.states.get(symbol);
      if (state !== undefined) this.rows.get(symbol)?.draw(state, this.context);
    }
    if (this.changed.size === 0 || this.frame !== null) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.drawChanged();
    });
  }

  /** Put the rows in order; only those that moved are touched. */
  private resort(): void {
    this.context.now = this.now();
    let after: Element | null = null;
    for (const { symbol } of sorted([...this.states.values()], this.order.value, this.context)) {
      const element = this.rows.get(symbol)?.element;
      if (element === undefined) continue;
      const next: Element | null = after === null ? this.body.firstElementChild : after.nextElementSibling;
      if (next !== element) this.body.insertBefore(element, next);
      after = element;
    }
    this.filter();
  }

  private filter(): void {
    const text = (byId("scan-filter") as HTMLInputElement).value.trim().toUpperCase();
    const inside = (byId("scan-inside") as HTMLInputElement).checked;
    for (const [symbol, row] of this.rows) {
      const isInside = this.states.get(symbol)?.nearest?.dollars === 0;
      setClass(row.element, "hidden", !symbol.includes(text) || (inside && !isInside));
    }
  }

  private makeHead(): void {
    const cells = COLUMNS.map(({ name, label, help, wide }) =>
      h(
        "th",
        { scope: "col", "data-column": name, class: wide ? `wide ${name}` : name },
        h("button", { title: help, onclick: () => this.sortBy(name), type: "button" }, label),
      ),
    );
    fill(byId("scan-head"), h("tr", {}, ...cells, h("th", { scope: "col", class: "day" }, "Day")));
    this.showOrder();
  }

  /** Down, up, as in the list. */
  private sortBy(column: string): void {
    const order = this.order.value;
    if (order?.column !== column) this.order.value = { column, descending: true };
    else this.order.value = order.descending ? { column, descending: false } : null;
    this.showOrder();
    this.resort();
  }

  private showOrder(): void {
    const order = this.order.value;
    for (const head of byId("scan-head").querySelectorAll("th[data-column]")) {
      const on = (head as HTMLElement).dataset["column"] === order?.column;
      head.setAttribute("aria-sort", on ? (order?.descending ? "descending" : "ascending") : "none");
    }
  }

  private makeTools(): void {
    const select = byId("scan-list") as HTMLSelectElement;
    select.addEventListener("change", () => {
      this.chosen.value = select.value;
      this.reset();
    });
    byId("scan-edit").addEventListener("click", () => this.edit());
    byId("scan-csv").addEventListener("click", () => void this.copy());
    byId("scan-filter").addEventListener("input", () => this.filter());
    byId("scan-inside").addEventListener("change", () => this.filter());
    byId("list-form").addEventListener("submit", () => this.save());
    byId("list-remove").addEventListener("click", () => this.remove());
    this.showLists();
  }

  private showLists(): void {
    const select = byId("scan-list") as HTMLSelectElement;
    fill(select, ...Object.keys(this.lists.value).map((name) => h("option", { value: name }, name)));
    select.value = this.chosen.value;
  }

  private edit(): void {
    (byId("list-name") as HTMLInputElement).value = this.chosen.value;
    (byId("list-symbols") as HTMLTextAreaElement).value = this.symbols.join(" ");
    (byId("list-dialog") as HTMLDialogElement).showModal();
  }

  private save(): void {
    const name = (byId("list-name") as HTMLInputElement).value.trim() || "Watchlist";
    const symbols = symbolsOf((byId("list-symbols") as HTMLTextAreaElement).value);
    this.lists.value = { ...this.lists.value, [name]: symbols.slice(0, MOST_SYMBOLS) };
    this.chosen.value = name;
    this.showLists();
    this.reset();
  }

  private remove(): void {
    const { [this.chosen.value]: _, ...others } = this.lists.value;
    this.lists.value = Object.keys(others).length > 0 ? others : { Watchlist: START_LIST };
    this.chosen.value = Object.keys(this.lists.value)[0] ?? "Watchlist";
    (byId("list-dialog") as HTMLDialogElement).close();
    this.showLists();
    this.reset();
  }

  private async copy(): Promise<void> {
    const states = sorted([...this.states.values()], this.order.value, this.context);
    const shown = states.filter(({ symbol }) => {
      return this.rows.get(symbol)?.element.classList.contains("hidden") === false;
    });
    try {
      await navigator.clipboard.writeText(toCsv(shown, this.context));
      this.say(`${shown.length} rows are in the clipboard`);
    } catch {
      this.say("This browser does not let the page write to the clipboard");
    }
  }

  private say(text: string): void {
    setText(byId("scan-note"), text);
  }
}

/** A row without figures yet is empty; one that failed has its reason and nothing beside it. */
function isShown(state: SymbolState, column: string): boolean {
  if (state.error !== null) return column === "last";
  return state.loaded || column === "zone";
}

/** The cells of one symbol. */
class Row {
  readonly element: HTMLTableRowElement;
  private readonly cells: HTMLTableCellElement[];
  private readonly picture = new Sparkline();
  private drawn: readonly number[] = [];

  constructor(symbol: string, pick: () => void) {
    this.cells = COLUMNS.map(({ name, wide }) => h("td", { class: wide ? `wide ${name}` : name }));
    const open = h("button", { onclick: pick, type: "button" }, symbol);
    this.cells[0]?.append(open);
    this.element = h("tr", { "data-symbol": symbol, onclick: pick }, ...this.cells, h("td", { class: "day" }, this.picture.element));
  }

  draw(state: SymbolState, context: Context): void {
    setClass(this.element, "failed", state.error !== null);
    COLUMNS.forEach((column, place) => {
      const cell = this.cells[place];
      if (cell === undefined || place === 0) return;
      setText(cell, isShown(state, column.name) ? column.text(state, context) : "");
      if (column.signed) {
        const value = column.value(state, context);
        setClass(cell, "up", typeof value === "number" && value > 0);
        setClass(cell, "down", typeof value === "number" && value < 0);
      }
      if (column.name === "zone") this.markZone(cell, state);
    });
    if (state.closes !== this.drawn) {
      this.drawn = state.closes;
      this.picture.show(state.closes);
    }
  }

  age(state: SymbolState, context: Context): void {
    const cell = this.cells.at(-1);
    const column = COLUMNS.at(-1);
    if (cell !== undefined && column !== undefined && isShown(state, column.name)) {
      setText(cell, column.text(state, context));
    }
  }

  private markZone(cell: HTMLElement, state: SymbolState): void {
    const title = state.zones?.error ?? "";
    if (cell.title !== title) cell.title = title;
    const nearest = state.nearest;
    setClass(cell, "support", nearest?.zone.kind === "support");
    setClass(cell, "resistance", nearest?.zone.kind === "resistance");
    setClass(cell, "inside", nearest?.dollars === 0);
  }
}
