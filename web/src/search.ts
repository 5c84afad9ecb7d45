// Search for a symbol: as one types, by keyboard. Enter takes the line that is marked; where nothing
// is found, what may be meant is offered.

import { API, messageOf, type Api } from "./api.ts";
import { byId, fill, h, setClass } from "./dom.ts";
import { nearest, parseSymbol } from "./symbols.ts";

export interface Found {
  symbol: string;
  name: string;
  type: string;
  exchange: string;
}

const PAUSE_MS = 120;
const MOST = 12;
const MOST_MEANT = 4;
// A shorter text is near to everything.
const SHORTEST_MEANT = 3;

export class Search {
  /** A symbol was picked, with what was written for it. */
  onPick: (symbol: string, written: string) => void = () => undefined;
  private readonly api: Api;
  /** Symbols that are at hand without a request: those of the watchlists. */
  private readonly known: () => readonly string[];
  private readonly input = byId("symbol") as HTMLInputElement;
  private readonly list = byId("found");
  private results: Found[] = [];
  /** The text that the results are of. */
  private of = "";
  private selected = -1;
  private timer: number | undefined;
  private ended = new AbortController();

  constructor(api: Api, known: () => readonly string[]) {
    this.api = api;
    this.known = known;
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("blur", () => window.setTimeout(() => this.close(), 150));
  }

  focus(): void {
    this.input.focus();
  }

  set value(symbol: string) {
    if (document.activeElement !== this.input) this.input.value = symbol;
  }

  /** Those that a text may mean which is no symbol: two requests at most. */
  async meant(text: string, signal?: AbortSignal): Promise<Found[]> {
    const written = text.trim();
    if (written.length < SHORTEST_MEANT) return [];
    const listed = this.known().map((symbol) => ({ symbol, name: "", type: "", exchange: "" }));
    // A slip is in one half of the text: what has the other half is compared with all of it.
    const half = Math.max(2, written.length >> 1);
    for (const part of [written.slice(0, half), written.slice(-half)]) {
      const found = await this.find(part, signal);
      const names = new Set(found.map(({ symbol }) => symbol));
      const others = listed.filter(({ symbol }) => !names.has(symbol));
      const near = nearest(written, [...found, ...others], MOST_MEANT);
      if (near.length > 0) return near;
    }
    return [];
  }

  private typed(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.search(), PAUSE_MS);
  }

  private async find(query: string, signal?: AbortSignal): Promise<Found[]> {
    type Answer = { results: Found[] };
    const path = `${API}/search?query=${encodeURIComponent(query)}`;
    return (await this.api.get<Answer>(path, signal)).results;
  }

  /** Find what is written; whether that is known now. */
  private async search(): Promise<boolean> {
    window.clearTimeout(this.timer);
    const query = this.input.value.trim();
    this.ended.abort();
    this.ended = new AbortController();
    const { signal } = this.ended;
    if (query === "") {
      this.close();
      return false;
    }
    try {
      const found = (await this.find(query, signal)).slice(0, MOST);
      const meant = found.length === 0 ? await this.meant(query, signal) : [];
      if (signal.aborted) return false;
      this.results = found.length > 0 ? found : meant;
      this.of = query;
      // What enter takes is marked; a guess has to be chosen.
      const same = found.findIndex(({ symbol }) => symbol === parseSymbol(query));
      this.selected = found.length === 0 ? -1 : Math.max(0, same);
      this.draw(found.length === 0);
      return true;
    } catch (error) {
      const text = messageOf(error);
      if (text !== null) this.say(text);
      return false;
    }
  }

  private draw(guessed: boolean): void {
    if (this.results.length === 0) {
      this.say(`No symbol or name like ${this.of}`);
      return;
    }
    this.open(true);
    const items = this.results.map((found, place) => {
      // Who points at a symbol has not written another one.
      const pick = () => this.pick(found.symbol, found.symbol);
      const id = `found-${place}`;
      return h(
        "li",
        { id, role: "option", onmousedown: pick, "aria-selected": String(place === this.selected) },
        h("b", {}, found.symbol),
        h("span", {}, found.name),
        h("i", {}, found.exchange),
      );
    });
    const text = `No symbol or name like ${this.of}. Did you mean:`;
    const head = h("li", { class: "note", role: "option", "aria-disabled": "true", "aria-selected": "false" }, text);
    fill(this.list, guessed ? head : null, ...items);
    this.mark();
  }

  private mark(): void {
    this.results.forEach((_, place) => {
      const item = byId(`found-${place}`);
      item.setAttribute("aria-selected", String(place === this.selected));
      if (place === this.selected) item.scrollIntoView({ block: "nearest" });
    });
    this.input.setAttribute("aria-activedescendant", this.selected < 0 ? "" : `found-${this.selected}`);
  }

  private say(text: string): void {
    this.results = [];
    this.open(true);
    fill(this.list, h("li", { class: "note", role: "option", "aria-disabled": "true", "aria-selected": "false" }, text));
  }

  private key(event: KeyboardEvent): void {
    const count = this.results.length;
    if (event.key === "Escape") {
      this.close();
      this.input.blur();
    } else if (event.key === "Enter") {
      void this.enter();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count > 0) {
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.selected = (this.selected + step + count + (this.selected < 0 && step < 0 ? 1 : 0)) % count;
      this.mark();
      event.preventDefault();
    }
  }

  /** What is marked; of a text that was not looked up yet, what that finds. */
  private async enter(): Promise<void> {
    const query = this.input.value.trim();
    if (query === "") return;
    if (query !== this.of && !(await this.search()) && this.input.value.trim() !== query) return;
    this.pick(this.results[this.selected]?.symbol ?? parseSymbol(query) ?? "", query);
  }

  private pick(symbol: string, written: string): void {
    if (symbol === "") return;
    window.clearTimeout(this.timer);
    this.ended.abort();
    this.close();
    this.input.value = symbol;
    this.input.blur();
    this.onPick(symbol, written);
  }

  private open(on: boolean): void {
    setClass(this.list, "hidden", !on);
    this.input.setAttribute("aria-expanded", String(on));
    if (!on) this.input.setAttribute("aria-activedescendant", "");
  }

  private close(): void {
    this.results = [];
    this.of = "";
    this.selected = -1;
    this.open(false);
  }
}
