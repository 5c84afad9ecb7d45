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

export const SVG = "http://www.w3.org/2000/svg";

/** A line of numbers as a small picture; empty with fewer than two. */
export function sparkline(values: readonly number[], width = 80, height = 22): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  svg.setAttribute("class", "spark");
  svg.setAttribute("aria-hidden", "true");
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  if (values.length > 1) {
    const path = document.createElementNS(SVG, "polyline");
    const step = (width - 2) / (values.length - 1);
    const points = values.map((value, place) => {
      const y = height - 2 - ((value - low) / range) * (height - 4);
      return `${(1 + place * step).toFixed(1)},${y.toFixed(1)}`;
    });
    path.setAttribute("points", points.join(" "));
    svg.append(path);
  }
  return svg;
}
