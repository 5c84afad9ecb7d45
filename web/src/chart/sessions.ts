// Trading days and their parts; the shade of the hours outside the regular ones.

import { placeOf, type Bar } from "../bars.ts";
import { Drawing, type Canvas } from "./primitive.ts";

export type Part = "regular" | "pre-market" | "post-market" | "overnight" | "closed";

/** A trading day; instants in seconds UTC. */
export interface Session {
  day: string;
  begins: number;
  preMarket: number;
  opens: number;
  closes: number;
  ends: number;
  earlyClose: boolean;
}

/** The session that an instant belongs to, or the last one before it. */
export function sessionAt(sessions: readonly Session[], instant: number): Session | undefined {
  let low = 0;
  let high = sessions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sessions[middle]?.begins ?? Infinity) <= instant) low = middle + 1;
    else high = middle;
  }
  return sessions[low - 1];
}

export function partAt(sessions: readonly Session[], instant: number): Part {
  const session = sessionAt(sessions, instant);
  if (session === undefined || instant >= session.ends) return "closed";
  if (instant < session.preMarket) return "overnight";
  if (instant < session.opens) return "pre-market";
  return instant < session.closes ? "regular" : "post-market";
}

/** Runs of bars of one part, by their places: [first, last]. Regular hours have none. */
export interface Run {
  part: Part;
  first: number;
  last: number;
}

export function runsOf(bars: readonly Bar[], sessions: readonly Session[]): Run[] {
  const runs: Run[] = [];
  for (const session of sessions) {
    const edges: [Part, number, number][] = [
      ["overnight", session.begins, session.preMarket],
      ["pre-market", session.preMarket, session.opens],
      ["post-market", session.closes, session.ends],
    ];
    for (const [part, from, to] of edges) {
      const first = placeOf(bars, from);
      const last = placeOf(bars, to) - 1;
      if (last >= first) runs.push({ part, first, last });
    }
  }
  return runs;
}

export class SessionShades extends Drawing {
  private runs: readonly Run[] = [];
  private colours: Partial<Record<Part, string>> = {};

  constructor() {
    super("bottom");
  }

  show(runs: readonly Run[]): void {
    this.runs = runs;
    this.redraw();
  }

  paint(colours: Partial<Record<Part, string>>): void {
    this.colours = colours;
    this.redraw();
  }

  protected draw({ context, width, height }: Canvas): void {
    const half = this.barSpacing / 2;
    for (const { part, first, last } of this.runs) {
      const begin = this.x(first);
      const end = this.x(last);
      const colour = this.colours[part];
      if (begin === null || end === null || !colour) continue;
      const left = begin - half;
      const right = end + half;
      if (right < 0 || left > width) continue;
      context.fillStyle = colour;
      context.fillRect(Math.max(0, left), 0, Math.min(width, right) - Math.max(0, left), height);
    }
  }
}
