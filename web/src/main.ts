// The page: one place at a time, in the link; everything else follows from it.

import { Api, messageOf } from "./api.ts";
import { AsOf } from "./as_of.ts";
import type { Bar } from "./bars.ts";
import { Desk } from "./chart/desk.ts";
import type { ChartView, Scale } from "./chart/view.ts";
import { GatewayClock } from "./clock.ts";
import { byId, h, setClass, setText } from "./dom.ts";
import { showEdges } from "./edges.ts";
import { Engines } from "./engines.ts";
import { Health } from "./health.ts";
import { History } from "./history/history.ts";
import { MarketHours } from "./hours.ts";
import { Keys } from "./keys.ts";
import { Alerts } from "./scanner/alerts.ts";
import { Scanner } from "./scanner/scanner.ts";
import { Search } from "./search.ts";
import { swapText } from "./symbols.ts";
import { isText, linkOf, parsePlace, Preference, START, VIEWS, type Place, type View } from "./state.ts";
import { EventStream, type LiveBar } from "./stream.ts";
import { onThemeChange } from "./theme.ts";
import { TIMEFRAMES, timeframeOf, type Timeframe } from "./timeframes.ts";
import { instantText, NEW_YORK, WallClock } from "./time.ts";

const LABELS: Record<View, string> = {
  chart: "Chart",
  scanner: "Scanner",
  history: "History",
  health: "Health",
};
const SCREEN = 0.5;

class Page {
  private readonly api = new Api();
  private readonly home = new WallClock(NEW_YORK);
  private readonly viewer = new WallClock(Intl.DateTimeFormat().resolvedOptions().timeZone);
  private readonly time = new GatewayClock(this.api);
  private readonly engines = new Engines(this.api);
  private readonly now = () => this.time.now();
  private readonly zone = new Preference<string>("zone", "NY", isText);
  private readonly last = new Preference<string>("place", linkOf(START), isText);
  private readonly desk = new Desk(this.api, this.engines, this.time, this.wall(), this.home);
  private readonly alerts = new Alerts(this.home);
  private readonly scanner = new Scanner(this.api, this.alerts, this.home, this.now);
  private readonly hours = new MarketHours(this.api, this.home, this.now);
  private readonly health = new Health(this.api, this.time, this.hours, this.home);
  private readonly history = new History(this.api, () => this.scanner.symbols, this.home, this.now);
  private readonly search = new Search(this.api, () => this.scanner.allSymbols);
  private readonly asOf = new AsOf(this.desk, this.home, this.now);
  private readonly stream = new EventStream(() => this.api.token);
  private place: Place = parsePlace(location.hash, parsePlace(this.last.value, START));
  private scale: Scale = "normal";
  /** What was written into the search for a symbol. */
  private written = { symbol: "", text: "" };

  start(): void {
    this.api.askToken = (reason) => this.askToken(reason);
    this.makeBar();
    this.makeKeys();
    this.bindStream();
    this.search.onPick = (symbol, written) => {
      this.go({ symbol, view: this.viewFor() });
      this.written = { symbol, text: written };
      this.sayWritten(symbol);
    };
    this.scanner.onPick = (symbol) => this.go({ symbol, view: this.viewFor() });
    this.alerts.onPick = (symbol) => this.go({ symbol, view: "chart" });
    this.scanner.onSymbols = () => this.subscribe();
    this.asOf.onChange = (asOf) => this.go({ asOf });
    this.desk.onBars = () => this.barsCame();
    // The chart goes first.
    this.desk.onShown = () => this.scanner.start();
    this.desk.findMeant = async (text) => (await this.search.meant(text)).map(({ symbol }) => symbol);
    this.desk.onPick = (symbol) => this.go({ symbol });
    this.desk.onAsOf = (asOf) => this.go({ asOf });
    showEdges("#tools, #as-of, .scroll");
    onThemeChange(() => this.desk.paint());
    window.addEventListener("hashchange", () => this.arrive(true));
    this.time.onTurn = () => {
      this.desk.turned();
      this.scanner.turned();
      this.asOf.turned();
    };
    // A replay's now is not the machine's: nothing is asked for before it is known.
    void this.time.start().then(() => {
      this.stream.start();
      this.arrive(false);
      void this.hours.read();
      void this.health.show();
    });
  }

  feed(bars: LiveBar[]): void {
    this.stream.onBars(bars);
  }

  get view(): ChartView {
    return this.desk.view;
  }

  get bars(): readonly Bar[] {
    return this.desk.loader?.bars ?? [];
  }

  /** Go to another place: the link changes, and the page follows it. */
  private go(change: Partial<Place>): void {
    const link = linkOf({ ...this.place, ...change });
    if (link === location.hash) return;
    location.hash = link;
  }

  /** Where the scanner stands beside the chart, a click keeps both in sight. */
  private viewFor(): View {
    return this.place.view === "scanner" && isWide() ? "scanner" : "chart";
  }

  private arrive(moved: boolean): void {
    const before = this.place;
    this.place = parsePlace(location.hash, before);
    this.last.value = linkOf({ ...this.place, asOf: null });
    const { symbol, timeframe, asOf, view } = this.place;
    document.title = `${symbol} ${timeframe.label} · polytape`;
    this.search.value = symbol;
    this.asOf.value = asOf;
    this.scanner.asOf = asOf;
    this.showView(view);
    this.showTimeframe(timeframe);
    this.scanner.mark(symbol);
    this.sayWritten(symbol);
    const same =
      moved && symbol === before.symbol && timeframe === before.timeframe && asOf === before.asOf;
    if (same) return;
    void this.desk.show(this.place);
    this.subscribe();
  }

  /** `APPL → AAPL`: where another symbol was written than is shown. */
  private sayWritten(symbol: string): void {
    const { written } = this;
    const text = written.symbol === symbol ? swapText(written.text, symbol) : "";
    setText(byId("written"), text);
    setClass(byId("written"), "hidden", text === "");
  }

  private subscribe(): void {
    const topics = new Set(this.scanner.symbols.map((symbol) => `AM.${symbol}`));
    topics.add(`AM.${this.place.symbol}`);
    topics.add(`A.${this.place.symbol}`);
    this.stream.want(topics);
  }

  private bindStream(): void {
    this.stream.onBars = (bars) => {
      const began = performance.now();
      void this.time.heard(Math.max(...bars.map(({ bar }) => bar.time)));
      const own = bars.findLast(({ symbol }) => symbol === this.place.symbol);
      if (own !== undefined) this.health.lastBarEnd = own.bar.time + (own.kind === "AM" ? 60 : 1);
      this.desk.live(bars);
      this.scanner.live(bars);
      this.measure(bars, began);
    };
    this.stream.onState = (state, detail) => this.health.setFeed(state, detail);
    this.stream.onNotice = (notice) => {
      if (notice.end !== undefined) void this.time.heard(notice.end);
      this.health.notice(notice);
      this.desk.notice(notice);
      if (notice.kind === "gap" || notice.kind === "backfilled") this.scanner.reload();
    };
  }

  /** How late the newest minute is, once it is on the screen. */
  private measure(bars: readonly LiveBar[], began: number): void {
    const minute = bars.findLast(({ kind, bar }) => kind === "AM" && bar.backfilled !== true);
    if (minute === undefined || document.hidden) return;
    requestAnimationFrame(() => this.health.came(minute.bar.time + 60, performance.now() - began));
  }

  private barsCame(): void {
    this.scanner.sessions = this.desk.days;
    const { loader } = this.desk;
    const bar = loader?.bars.at(-1);
    if (loader === null || bar === undefined || loader.subject.asOf !== null) return;
    // Of the feed's bars it is known to the minute; of history, to the end of the last bar.
    const end = Math.min(bar.time + loader.subject.timeframe.seconds, this.now());
    if (this.health.symbol !== loader.subject.symbol) {
      this.health.symbol = loader.subject.symbol;
      this.health.lastBarEnd = end;
    }
  }

  private makeBar(): void {
    for (const view of VIEWS) {
      const go = () => this.go({ view });
      byId("views").append(h("button", { id: `nav-${view}`, onclick: go, type: "button" }, LABELS[view]));
    }
    TIMEFRAMES.forEach((timeframe, place) => {
      const go = () => this.go({ timeframe });
      const title = `${timeframe.name} (${(place + 1) % 10})`;
      const id = `timeframe-${timeframe.name}`;
      byId("timeframes").append(h("button", { id, title, onclick: go, type: "button" }, timeframe.label));
    });
    byId("scale-log").addEventListener("click", () => this.turnScale("log"));
    byId("scale-percent").addEventListener("click", () => this.turnScale("percent"));
    byId("zone-toggle").addEventListener("click", () => this.turnZone());
    byId("picture").addEventListener("click", () => this.savePicture());
    byId("link").addEventListener("click", () => void this.copyLink());
    this.showZone();
  }

  private makeKeys(): void {
    const timeframe = (key: string) => TIMEFRAMES[(Number(key) + 9) % 10];
    new Keys([
      { keys: "/", help: "search for a symbol", act: () => this.search.focus() },
      {
        keys: "1 2 3 4 5 6 7 8 9 0",
        help: "timeframe: 1m, 5m, 15m, 30m, 1h, 2h, 4h, 1D, 1W, 1M",
        act: (key) => this.pickTimeframe(timeframe(key)),
      },
      { keys: "ArrowLeft", help: "earlier", act: () => this.desk.view.scroll(-SCREEN) },
      { keys: "ArrowRight", help: "later", act: () => this.desk.view.scroll(SCREEN) },
      { keys: "+ =", help: "closer", act: () => this.desk.view.zoom(0.7) },
      { keys: "-", help: "farther", act: () => this.desk.view.zoom(1 / 0.7) },
      { keys: "End", help: "to the newest bar", act: () => this.desk.view.toEnd() },
      { keys: "f", help: "all bars that are loaded", act: () => this.desk.view.fit() },
      { keys: "ArrowUp", help: "symbol before, of the watchlist", act: () => this.neighbour(-1) },
      { keys: "ArrowDown", help: "symbol after, of the watchlist", act: () => this.neighbour(1) },
      { keys: "n", help: "zones in sight, the nearest first: their parts", act: () => this.desk.nextZone() },
      { keys: "Escape", help: "close what is shown of a zone", act: () => this.desk.leaveZone() },
      { keys: "z", help: "zones", act: () => this.desk.layers.toggle("zones") },
      { keys: "w", help: "swings", act: () => this.desk.layers.toggle("swings") },
      { keys: "p", help: "volume profile", act: () => this.desk.layers.toggle("profile") },
      { keys: "P", help: "days of the profile", act: () => this.desk.layers.nextWindow() },
      { keys: "c", help: "Camarilla pivots", act: () => this.desk.layers.toggle("pivots") },
      { keys: "v", help: "VWAP", act: () => this.desk.layers.toggle("vwap") },
      { keys: "d", help: "session: open, pre-market, ATR band", act: () => this.desk.layers.toggle("session") },
      { keys: "l", help: "logarithmic scale", act: () => this.turnScale("log") },
      { keys: "%", help: "percent scale", act: () => this.turnScale("percent") },
      { keys: "t", help: "New York's clock, or yours", act: () => this.turnZone() },
      { keys: "a", help: "as of a past instant", act: () => this.asOf.toggle() },
      { keys: ",", help: "as of: a bar back", act: () => void this.asOf.step(-1) },
      { keys: ".", help: "as of: a bar on", act: () => void this.asOf.step(1) },
      { keys: "Space", help: "as of: play, stop", act: () => this.asOf.play() },
      { keys: "s", help: "save the chart as a picture", act: () => this.savePicture() },
      { keys: "C", help: "chart", act: () => this.go({ view: "chart" }) },
      { keys: "S", help: "scanner", act: () => this.go({ view: "scanner" }) },
      { keys: "H", help: "stored history", act: () => this.go({ view: "history" }) },
      { keys: "E", help: "health", act: () => this.go({ view: "health" }) },
    ], () => ["chart", "scanner"].includes(this.place.view));
  }

  private pickTimeframe(timeframe: Timeframe | undefined): void {
    if (timeframe !== undefined) this.go({ timeframe });
  }

  private neighbour(by: number): void {
    const symbol = this.scanner.neighbour(by);
    if (symbol !== null) this.go({ symbol });
  }

  private showView(view: View): void {
    document.body.dataset["view"] = view;
    for (const name of VIEWS) {
      const on = name === view || (name === "chart" && view === "scanner") || (name === "scanner" && view === "chart");
      setClass(byId(`view-${name}`), "hidden", !on);
      byId(`nav-${name}`).setAttribute("aria-current", name === view ? "page" : "false");
    }
    if (view === "history") void this.history.show();
    if (view === "health") void this.health.show();
  }

  private showTimeframe(chosen: Timeframe): void {
    for (const { name } of TIMEFRAMES) {
      const on = timeframeOf(name) === chosen;
      byId(`timeframe-${name}`).setAttribute("aria-pressed", String(on));
    }
  }

  private turnScale(scale: Scale): void {
    this.scale = this.scale === scale ? "normal" : scale;
    this.desk.setScale(this.scale);
    byId("scale-log").setAttribute("aria-pressed", String(this.scale === "log"));
    byId("scale-percent").setAttribute("aria-pressed", String(this.scale === "percent"));
  }

  private wall(): WallClock {
    return this.zone.value === "NY" ? this.home : this.viewer;
  }

  private turnZone(): void {
    this.zone.value = this.zone.value === "NY" ? "local" : "NY";
    this.desk.setWall(this.wall());
    this.showZone();
  }

  private showZone(): void {
    const button = byId("zone-toggle");
    setText(button, this.zone.value === "NY" ? "NY" : "Local");
    button.title = `The chart's clock: ${this.wall().zone} (t)`;
  }

  private savePicture(): void {
    const { symbol, timeframe } = this.place;
    const madeUp = this.desk.loader?.metadata?.made_up === true ? ", made-up prices" : "";
    const last = this.bars.at(-1);
    const at = last === undefined ? "" : `, ${instantText(this.wall(), last.time, timeframe.intraday)}`;
    // What the page writes over the chart has to be in the picture, too.
    this.desk.view.picture(`${symbol} ${timeframe.label}${at}${madeUp}`).toBlob((blob) => {
      if (blob === null) return;
      const url = URL.createObjectURL(blob);
      const name = `${symbol.replace(/[^\w.-]/g, "_")}-${timeframe.name}.png`;
      h("a", { href: url, download: name }).click();
      window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
    });
  }

  private async copyLink(): Promise<void> {
    try {
      await navigator.clipboard.writeText(location.href);
      setText(byId("chart-note"), "The link is in the clipboard");
    } catch (error) {
      setText(byId("chart-note"), `Not copied: ${messageOf(error) ?? ""}`);
    }
  }

  private askToken(reason: string): Promise<string | null> {
    const dialog = byId("token-dialog") as HTMLDialogElement;
    const field = byId("token") as HTMLInputElement;
    byId("token-cancel").onclick = () => dialog.close("");
    // That of a dialog before this one would count for a key that closes it.
    dialog.returnValue = "";
    setText(byId("token-reason"), `The gateway says: ${reason}.`);
    setText(byId("token-note"), this.api.token === null ? "" : "That token is not this gateway's.");
    field.value = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.onclose = () => {
        resolve(dialog.returnValue === "use" ? field.value.trim() || null : null);
        field.value = "";
      };
    });
  }
}

function isWide(): boolean {
  return window.matchMedia("(min-width: 1100px)").matches;
}

const page = new Page();
page.start();
// For the browser's console, and for whoever checks the page: the bars that are drawn, and where; and
// bars as if the feed had sent them.
const feed = (bars: LiveBar[]) => page.feed(bars);
Object.assign(window, { polytape: { bars: () => page.bars, view: () => page.view, feed } });
