// Every action by keyboard. A key that is typed into a field is the field's.

import { byId, fill, h } from "./dom.ts";

export interface Key {
  keys: string;
  help: string;
  act: (key: string) => void;
}

export class Keys {
  private readonly known: readonly Key[];
  private readonly help = byId("help") as HTMLDialogElement;

  constructor(known: readonly Key[]) {
    this.known = [...known, { keys: "?", help: "this list", act: () => this.showHelp() }];
    document.addEventListener("keydown", (event) => this.pressed(event));
    byId("help-open").addEventListener("click", () => this.showHelp());
  }

  private pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const found = this.known.find(({ keys }) => keys.split(" ").includes(event.key));
    if (found === undefined) return;
    event.preventDefault();
    found.act(event.key);
  }

  private showHelp(): void {
    const rows = this.known.map(({ keys, help }) =>
      h("tr", {}, h("th", { scope: "row" }, ...keysOf(keys)), h("td", {}, help)),
    );
    fill(byId("help-keys"), ...rows);
    this.help.showModal();
  }
}

function keysOf(keys: string): Node[] {
  const names: Record<string, string> = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
  return keys.split(" ").map((key) => h("kbd", {}, names[key] ?? key));
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input, textarea, select, [contenteditable]");
}
