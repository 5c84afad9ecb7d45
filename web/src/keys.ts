// Every action by keyboard. A key that is typed into a field is the field's.

import { byId, fill, h } from "./dom.ts";

export interface Key {
  keys: string;
  help: string;
  act: (key: string) => void;
}

export class Keys {
  private readonly known: readonly Key[];
  private readonly hasChart: () => boolean;
  private readonly help = byId("help") as HTMLDialogElement;

  constructor(known: readonly Key[], hasChart: () => boolean) {
    this.hasChart = hasChart;
    this.known = [...known, { keys: "?", help: "this list", act: () => this.showHelp() }];
    document.addEventListener("keydown", (event) => this.pressed(event));
    byId("help-open").addEventListener("click", () => this.showHelp());
  }

  private pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    if (document.querySelector("dialog[open]") !== null) return;
    // A button that has the focus is pressed by it; arrows scroll where there is no chart.
    if (event.key === " " && isPressable(event.target)) return;
    if (event.key.startsWith("Arrow") && !this.hasChart()) return;
    const name = event.key === " " ? "Space" : event.key;
    const found = this.known.find(({ keys }) => keys.split(" ").includes(name));
    if (found === undefined) return;
    event.preventDefault();
    found.act(event.key);
  }

  private showHelp(): void {
    if (this.help.open) return;
    const rows = this.known.map(({ keys, help }) =>
      h("li", {}, h("span", { class: "keys" }, ...keysOf(keys)), h("span", {}, help)),
    );
    fill(byId("help-keys"), ...rows);
    this.help.showModal();
    this.help.scrollTop = 0;
  }
}

const NAMES: Record<string, string> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  Space: "space",
};

function keysOf(keys: string): Node[] {
  const names = keys.split(" ").map((key) => NAMES[key] ?? key);
  // Ten digits take a line of their own: the first and the last say it.
  const shown = names.length > 4 ? [names[0] ?? "", "…", names.at(-1) ?? ""] : names;
  return shown.map((name) => (name === "…" ? document.createTextNode("…") : h("kbd", {}, name)));
}

function isPressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("button, summary, a, input");
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
}
