// Small plots of figures over the last hour.

import { h, setText, SVG } from "./dom.ts";

export interface Series {
  /** Seconds UTC of each value. */
  at: readonly number[];
  values: readonly (number | null)[];
}

const WIDTH = 240;
const HEIGHT = 56;
export const HOUR_S = 3_600;

/** What a figure that counts grew by a second, between one sample and the next. A gateway that was
 * started anew begins at 0: its first sample is no fall.
 */
export function ratesOf({ at, values }: Series): Series {
  const rates = values.map((value, place) => {
    const before = values[place - 1];
    const seconds = (at[place] ?? 0) - (at[place - 1] ?? 0);
    if (value === null || before === null || before === undefined || seconds <= 0) return null;
    return value < before ? null : (value - before) / seconds;
  });
  return { at, values: rates };
}

/** The lines of a series in a box, from an hour before `end` to it; a null breaks the line. Pure. */
export function linesOf(series: Series, end: number, low: number, high: number): string[] {
  const lines: string[] = [];
  let line: string[] = [];
  const range = high - low || 1;
  series.values.forEach((value, place) => {
    const age = end - (series.at[place] ?? 0);
    if (value === null || age > HOUR_S) {
      if (line.length > 0) lines.push(line.join(" "));
      line = [];
      return;
    }
    const x = (WIDTH * (HOUR_S - age)) / HOUR_S;
    const y = HEIGHT - 2 - ((value - low) / range) * (HEIGHT - 4);
    line.push(`${x.toFixed(1)},${y.toFixed(1)}`);
  });
  if (line.length > 0) lines.push(line.join(" "));
  return lines;
}

/** A figure's plot: its name, its value now, and the hour. It stays while its lines change. */
export class Plot {
  readonly element: HTMLElement;
  private readonly value = h("b");
  private readonly scale = h("span", { class: "scale" });
  private readonly svg = document.createElementNS(SVG, "svg");

  constructor(name: string, help: string) {
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("class", "spark");
    this.svg.setAttribute("aria-hidden", "true");
    this.element = h(
      "figure",
      { title: help },
      h("figcaption", {}, name, this.value),
      this.svg,
      h("div", { class: "axis" }, h("span", {}, "1 h ago"), this.scale, h("span", {}, "now")),
    );
  }

  show(series: Series, end: number, now: string, format: (value: number) => string): void {
    const known = series.values.filter((value): value is number => value !== null);
    const high = Math.max(...known, 0);
    const low = Math.min(...known, 0);
    setText(this.value, now);
    setText(this.scale, known.length > 1 ? `up to ${format(high)}` : "");
    const lines = linesOf(series, end, low, high || 1);
    this.svg.replaceChildren(...lines.map(polyline));
  }
}

function polyline(points: string): SVGElement {
  // One point is no line: it is drawn as a dot.
  const [only, second] = points.split(" ");
  const dot = second === undefined && only !== undefined;
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", dot ? `${only} ${only}` : points);
  return line;
}
