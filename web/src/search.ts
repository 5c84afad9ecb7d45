// Search for a symbol: as one types, by keyboard; enter takes what is written.

import { API, messageOf, type Api } from "./api.ts";
import { byId, fill, h, setClass } from "./dom.ts";

interface Found {
  symbol: string;
  name: string;
  type: string;
  exchange: string;
}

const PAUSE_MS = 120;

export class Search {
  onPick: (symbol: string) => void = () => undefined;
  private readonly api: Api;
  private readonly input = byId("symbol") as HTMLInputElement;
  private readonly list = byId("found");
  private results: Found[] = [];
  private selected = -1;
  private timer: number | undefined;
  private ended = new AbortController();

  constructor(api: Api) {
    this.api = api;
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

  private typed(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.search(), PAUSE_MS);
  }

  private async search(): Promise<void> {
    const query = this.input.value.trim();
    this.ended.abort();
    this.ended = new AbortController();
    if (query === "") {
      this.close();
      return;
    }
    try {
      type Answer = { results: Found[] };
      const path = `${API}/search?query=${encodeURIComponent(query)}`;
      const answer = await this.api.get<Answer>(path, this.ended.signal);
      this.results = answer.results.slice(0, 12);
      this.selected = -1;
      this.draw();
    } catch (error) {
      const text = messageOf(error);
      if (text !== null) this.say(text);
    }
  }

  private draw(): void {
    if (this.results.length === 0) {
      this.say("No symbol or name like that");
      return;
    }
    this.open(true);
    const items = this.results.map((found, place) => {
      const pick = () => this.pick(found.symbol);
      const chosen = place === this.selected;
      const id = `found-${place}`;
      return h(
        "li",
        { id, role: "option", onmousedown: pick, "aria-selected": chosen ? "true" : "false" },
        h("b", {}, found.symbol),
        h("span", {}, found.name),
        h("i", {}, found.exchange),
      );
    });
    fill(this.list, ...items);
    this.input.setAttribute("aria-activedescendant", this.selected < 0 ? "" : `found-${this.selected}`);
  }

  private say(text: string): void {
    this.results = [];
    this.open(true);
    fill(this.list, h("li", { class: "dim", role: "option", "aria-selected": "false" }, text));
  }

  private key(event: KeyboardEvent): void {
    const count = this.results.length;
    if (event.key === "Escape") {
      this.close();
      this.input.blur();
    } else if (event.key === "Enter") {
      const found = this.results[this.selected];
      this.pick(found?.symbol ?? this.input.value.trim().toUpperCase());
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count > 0) {
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.selected = (this.selected + step + count + (this.selected < 0 && step < 0 ? 1 : 0)) % count;
      this.draw();
      event.preventDefault();
    }
  }

  private pick(symbol: string): void {
    window.clearTimeout(this.timer);
    this.ended.abort();
    this.close();
    this.input.blur();
    if (symbol !== "") this.onPick(symbol);
  }

  private open(on: boolean): void {
    setClass(this.list, "hidden", !on);
    this.input.setAttribute("aria-expanded", String(on));
  }

  private close(): void {
    this.results = [];
    this.open(false);
  }
}
