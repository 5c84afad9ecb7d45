// The cells of one symbol: what did not change is not touched.

import { h, setClass, setText, Sparkline } from "../dom.ts";
import { COLUMNS, type Context } from "./columns.ts";
import type { SymbolState } from "./row.ts";

const AGE = COLUMNS.findIndex(({ name }) => name === "age");

/** A row without figures yet is empty; one that failed has its reason and nothing beside it. */
function isShown(state: SymbolState, column: string): boolean {
  if (state.error !== null) return column === "last";
  return state.loaded || column === "zone";
}

/** The cells of one symbol. */
export class Row {
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
      if (column.name === "last" && cell.title !== (state.error ?? "")) cell.title = state.error ?? "";
      if (column.name === "zone") this.markZone(cell, state);
    });
    if (state.closes !== this.drawn) {
      this.drawn = state.closes;
      this.picture.show(state.closes);
    }
  }

  /** Out of sight its figures have no boxes: those of five hundred rows cost every frame. */
  set isInSight(value: boolean) {
    setClass(this.element, "far", !value);
  }

  age(state: SymbolState, context: Context): void {
    const cell = this.cells[AGE];
    const column = COLUMNS[AGE];
    if (cell !== undefined && column !== undefined && isShown(state, column.name)) {
      setText(cell, column.text(state, context));
    }
  }

  private markZone(cell: HTMLElement, state: SymbolState): void {
    const title = state.zones?.error ?? "";
    if (cell.title !== title) cell.title = title;
    const nearest = state.nearest;
    setClass(cell, "support", nearest?.kind === "support");
    setClass(cell, "resistance", nearest?.kind === "resistance");
    setClass(cell, "inside", nearest?.inside === true);
  }
}
