// The table of a watchlist: filled once, live from then on.

import { API, messageOf, type Api } from "../api.ts";
import { partAt, sessionAt, type Session } from "../chart/sessions.ts";
import { byId, fill, h, setClass, setText } from "../dom.ts";
import { Preference } from "../state.ts";
import type { LiveBar } from "../stream.ts";
import { clockText, dateText, instantText, isoText, type WallClock } from "../time.ts";
import type { Alerts } from "./alerts.ts";
import { Row } from "./cells.ts";
import { COLUMNS, sorted, toCsv, type Context, type Order } from "./columns.ts";
import { Watchlists } from "./lists.ts";
import { SymbolState, type WatchRow, type ZoneRow } from "./row.ts";

const AT_ONCE = 40;
// Scans of a request: few at first, so that the table fills soon.
const FIRST_SCANS = 4;
const SCANS_AT_ONCE = 20;
const ZONES_EVERY_S = 900;
// Zones of less than this before the clock was turned are of the same time.
const TURNED_S = 60;
// A scan that failed is as old as this at once: it is tried again half a minute later.
const RETRY_AT_AGE_S = ZONES_EVERY_S - 30;
// While one steps through the past the table waits until a step is the last one for a moment.
const AS_OF_PAUSE_MS = 350;
const REDRAW_MS = 500;
const DRAW_MS = 6;
const RESORT_MS = 3_000;
// Rows so near to those in sight are drawn, too: a wheel's turn finds them there.
const NEAR = "600px 0px";

function isOrder(value: unknown): value is Order | null {
  return value === null || typeof (value as Order | undefined)?.column === "string";
}

export class Scanner {
  onPick: (symbol: string) => void = () => undefined;
  onSymbols: () => void = () => undefined;
  sessions: readonly Session[] = [];

  private readonly api: Api;
  private readonly now: () => number;
  private readonly alerts: Alerts;
  private readonly context: Context = { now: 0 };
  private readonly home: WallClock;
  private readonly lists = new Watchlists();
  private readonly order = new Preference<Order | null>("order", null, isOrder);
  private readonly states = new Map<string, SymbolState>();
  private readonly rows = new Map<string, Row>();
  private readonly changed = new Set<string>();
  private readonly body = byId("scan-rows");
  private readonly sight = new IntersectionObserver((seen) => this.showInSight(seen), {
    root: this.body.closest(".scroll"),
    rootMargin: NEAR,
  });
  private frame: number | null = null;
  private started = false;
  private scanning = false;
  /** Zones from before this are old: the clock was turned then. Seconds UTC of the market. */
  private turnedAt = -Infinity;
  private generation = 0;
  private current = "";
  private instant: number | null = null;
  private pause: number | undefined;

  constructor(api: Api, alerts: Alerts, home: WallClock, now: () => number) {
    this.api = api;
    this.now = now;
    this.alerts = alerts;
    this.home = home;
    this.makeHead();
    this.makeTools();
    window.setInterval(() => this.redraw(), REDRAW_MS);
    window.setInterval(() => this.resort(), RESORT_MS);
    window.setInterval(() => void this.scanZones(), 5_000);
    this.lists.onChange = () => this.reset();
    this.reset();
  }

  get symbols(): string[] {
    return this.lists.symbols;
  }

  /** Of all lists. */
  get allSymbols(): string[] {
    return this.lists.all;
  }

  /** The instant that the table is of, seconds UTC; null: now. What was not known then is not left on
   * the screen.
   */
  set asOf(instant: number | null) {
    const before = this.instant;
    if (instant === before) return;
    this.instant = instant;
    this.generation += 1;
    const isLater = before !== null && instant !== null && instant > before;
    if (!isLater) this.empty();
    window.clearTimeout(this.pause);
    this.pause = window.setTimeout(() => {
      if (this.started) void this.load(this.symbols);
    }, isLater ? AS_OF_PAUSE_MS : 0);
    this.sayAsOf();
  }

  private at(): number {
    return this.instant ?? this.now();
  }

  private asOfField(): { as_of?: string } {
    return this.instant === null ? {} : { as_of: isoText(this.instant) };
  }

  private sayAsOf(): void {
    const text = this.instant === null ? "" : `as of ${instantText(this.home, this.instant, true)}`;
    setText(byId("scan-as-of"), text);
    setClass(byId("scan-as-of"), "hidden", text === "");
  }

  /** New states for the same rows. */
  private empty(): void {
    for (const symbol of this.symbols) {
      this.states.set(symbol, new SymbolState(symbol));
      this.changed.add(symbol);
    }
    this.redraw();
  }

  /** Bars of the feed, whosever they are. */
  live(bars: readonly LiveBar[]): void {
    if (this.instant !== null) return;
    // Of minutes that come together, as after a step, the last one counts: the others are over.
    const before = new Map<SymbolState, number | null>();
    for (const { symbol, kind, bar } of bars) {
      const state = this.states.get(symbol);
      if (state === undefined || kind !== "AM") continue;
      if (state.isOfAnotherDay(this.dayOf(bar.time))) {
        void this.load([symbol]);
        continue;
      }
      if (!before.has(state)) before.set(state, state.price);
      state.push({ ...bar, regular: partAt(this.sessions, bar.time) === "regular" });
      this.changed.add(symbol);
    }
    for (const [state, price] of before) this.alerts.look(state, price);
  }

  /** The market's clock was turned: zones from before that are read anew. */
  turned(): void {
    this.turnedAt = this.now();
    if (this.instant === null) void this.scanZones();
  }

  /** After a break of the feed: everything once more. */
  reload(): void {
    if (this.started && this.instant === null) void this.load(this.symbols);
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
    this.sight.disconnect();
    this.body.replaceChildren();
    for (const symbol of this.symbols) {
      const row = new Row(symbol, () => this.onPick(symbol));
      this.states.set(symbol, new SymbolState(symbol));
      this.rows.set(symbol, row);
      this.changed.add(symbol);
      this.body.append(row.element);
      this.sight.observe(row.element);
    }
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
    this.sayAsOf();
    for (let place = 0; place < symbols.length; place += AT_ONCE) {
      const some = symbols.slice(place, place + AT_ONCE);
      try {
        type Answer = { rows: WatchRow[] };
        const body = { symbols: some, ...this.asOfField() };
        const answer = await this.api.post<Answer>(`${API}/watchlist`, body);
        if (generation !== this.generation) return;
        answer.rows.forEach((row, n) => this.states.get(some[n] ?? "")?.take(row));
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

  /** Zones of those that have none, or old ones: some symbols a request, so that charts go first. */
  private async scanZones(): Promise<void> {
    if (this.scanning || document.hidden) return;
    this.scanning = true;
    const { generation } = this;
    let many = FIRST_SCANS;
    // In a fast replay those that were scanned first are old again before the last ones are.
    const done = new Set<SymbolState>();
    try {
      while (generation === this.generation) {
        const old = [...this.states.values()].filter((state) => !done.has(state) && this.isOld(state));
        const some = old.slice(0, many);
        if (some.length === 0) {
          this.turnedAt = -Infinity;
          return;
        }
        await this.scan(some);
        for (const state of some) done.add(state);
        many = SCANS_AT_ONCE;
      }
    } finally {
      this.scanning = false;
    }
    // Symbols or instant are other ones since.
    void this.scanZones();
  }

  private isOld({ loaded, error, zones }: SymbolState): boolean {
    if (!loaded || error !== null) return false;
    const age = zones === null ? Infinity : this.at() - zones.at;
    return age > ZONES_EVERY_S || age < 0 || age > this.at() - this.turnedAt + TURNED_S;
  }

  private async scan(states: readonly SymbolState[]): Promise<void> {
    const [at, { generation }] = [this.at(), this];
    const symbols = states.map(({ symbol }) => symbol);
    try {
      type Answer = { rows: ZoneRow[] };
      const { rows } = await this.api.post<Answer>(`${API}/scan/batch`, { symbols, ...this.asOfField() });
      if (generation !== this.generation) return;
      rows.forEach((row, place) => states[place]?.takeZones(row, at, RETRY_AT_AGE_S));
    } catch (error) {
      const reason = messageOf(error) ?? "";
      for (const state of states) {
        state.takeZones({ symbol: state.symbol, error: reason, atr_day: null, zones: [] }, at, RETRY_AT_AGE_S);
      }
    }
    for (const symbol of symbols) this.changed.add(symbol);
  }

  private showInSight(seen: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of seen) {
      const row = this.rows.get((target as HTMLElement).dataset["symbol"] ?? "");
      if (row !== undefined) row.isInSight = isIntersecting;
    }
  }

  private redraw(): void {
    this.context.now = this.at();
    for (const [symbol, row] of this.rows) {
      const state = this.states.get(symbol);
      if (state !== undefined && !this.changed.has(symbol)) row.age(state, this.context);
    }
    this.sayCount();
    this.drawChanged();
  }

  /** How many, and of when the oldest of their zones are. */
  private sayCount(): void {
    const known = [...this.states.values()].flatMap(({ zones }) => zones?.error === null ? [zones.at] : []);
    const at = this.instant !== null || known.length === 0 ? null : Math.min(...known);
    const zones = at === null ? "" : ` · zones as of ${clockText(this.home.shift(at))}`;
    setText(byId("scan-count"), `${this.symbols.length} symbols${zones}`);
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
    this.context.now = this.at();
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
      const isInside = this.states.get(symbol)?.nearest?.inside === true;
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
    byId("scan-csv").addEventListener("click", () => void this.copy());
    byId("scan-filter").addEventListener("input", () => this.filter());
    byId("scan-inside").addEventListener("change", () => this.filter());
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
