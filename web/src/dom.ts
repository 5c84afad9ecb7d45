// Elements. Text from anywhere goes in as text, never as HTML.

type Child = Node | string | number | null | undefined | false;
type Listener = (event: Event) => void;
type Attribute = string | number | boolean | Listener | undefined;

/** An element with attributes and children; `onclick` and the like are listeners. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

export function append(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Put these in place of what is there. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** Set the text only where it changed: nothing moves that did not change. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setClass(element: Element, name: string, on: boolean): void {
  if (element.classList.contains(name) !== on) element.classList.toggle(name, on);
}

export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/** Put an element beside a place of a box, within its axes. */
export function placeWithin(element: HTMLElement, box: Element, x: number, y: number): void {
  const { width, height } = box.getBoundingClientRect();
  const left = Math.min(x + 18, width - element.offsetWidth - 70);
  const top = Math.min(y + 18, height - element.offsetHeight - 30);
  element.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
}

export const SVG = "http://www.w3.org/2000/svg";

const WIDTH = 80;
const HEIGHT = 22;

/** A line of numbers as a small picture, drawn anew in place; empty with fewer than two. */
export class Sparkline {
  readonly element = document.createElementNS(SVG, "svg");
  private readonly line = document.createElementNS(SVG, "polyline");

  constructor() {
    this.element.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.element.setAttribute("width", String(WIDTH));
    this.element.setAttribute("height", String(HEIGHT));
    this.element.setAttribute("class", "spark");
    this.element.setAttribute("aria-hidden", "true");
    this.element.append(this.line);
  }

  show(values: readonly number[]): void {
    this.line.setAttribute("points", values.length > 1 ? pointsOf(values) : "");
  }
}

function pointsOf(values: readonly number[]): string {
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const step = (WIDTH - 2) / (values.length - 1);
  const points = values.map((value, place) => {
    const y = HEIGHT - 2 - ((value - low) / range) * (HEIGHT - 4);
    return `${(1 + place * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return points.join(" ");
}
