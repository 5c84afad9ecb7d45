// Watchlists by name, in this browser: pasted, saved, removed; other tabs see them at once.

import { byId, fill, h, setText } from "../dom.ts";
import { isText, Preference } from "../state.ts";
import { pastedSymbols, pastedText } from "../symbols.ts";

const MOST_SYMBOLS = 1_000;
const START_NAME = "Watchlist";
const START_LIST = ["SPY", "QQQ", "AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "TSLA", "AMD"];

type Lists = Record<string, string[]>;

function isLists(value: unknown): value is Lists {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const lists = Object.values(value as Record<string, unknown>);
  return lists.every((list) => Array.isArray(list) && list.every(isText));
}

export class Watchlists {
  /** The symbols of the list that is open are other ones. */
  onChange: () => void = () => undefined;
  private readonly lists = new Preference<Lists>("watchlists", { [START_NAME]: START_LIST }, isLists);
  private readonly chosen = new Preference<string>("watchlist", START_NAME, isText);
  private readonly select = byId("scan-list") as HTMLSelectElement;
  private readonly dialog = byId("list-dialog") as HTMLDialogElement;
  private readonly name = byId("list-name") as HTMLInputElement;
  private readonly text = byId("list-symbols") as HTMLTextAreaElement;

  constructor() {
    this.select.addEventListener("change", () => this.open(this.select.value));
    byId("scan-edit").addEventListener("click", () => this.edit());
    byId("list-form").addEventListener("submit", () => this.save());
    byId("list-remove").addEventListener("click", () => this.remove());
    byId("list-cancel").addEventListener("click", () => this.dialog.close());
    this.text.addEventListener("input", () => this.count());
    this.lists.follow(() => this.changedElsewhere());
    this.show();
  }

  /** Of the list that is open. */
  get symbols(): string[] {
    return this.lists.value[this.chosen.value] ?? [];
  }

  /** Of all lists, each once. */
  get all(): string[] {
    return [...new Set(Object.values(this.lists.value).flat())];
  }

  private open(name: string): void {
    this.chosen.value = name;
    this.show();
    this.onChange();
  }

  private changedElsewhere(): void {
    if (this.lists.value[this.chosen.value] === undefined) {
      this.open(Object.keys(this.lists.value)[0] ?? START_NAME);
      return;
    }
    this.show();
    this.onChange();
  }

  private show(): void {
    const options = Object.keys(this.lists.value).map((name) => h("option", { value: name }, name));
    fill(this.select, ...options);
    this.select.value = this.chosen.value;
  }

  private edit(): void {
    this.name.value = this.chosen.value;
    this.text.value = this.symbols.join(" ");
    this.count();
    this.dialog.showModal();
  }

  /** What is written comes to so many symbols: said before it is saved. */
  private count(): void {
    setText(byId("list-note"), pastedText(pastedSymbols(this.text.value), MOST_SYMBOLS));
  }

  private save(): void {
    const name = this.name.value.trim() || START_NAME;
    const { symbols } = pastedSymbols(this.text.value);
    this.lists.value = { ...this.lists.value, [name]: symbols.slice(0, MOST_SYMBOLS) };
    this.open(name);
  }

  private remove(): void {
    const { [this.chosen.value]: _, ...others } = this.lists.value;
    this.lists.value = Object.keys(others).length > 0 ? others : { [START_NAME]: START_LIST };
    this.dialog.close();
    this.open(Object.keys(this.lists.value)[0] ?? START_NAME);
  }
}
