// Swings as marks at their bars: full once settled, hollow while a later one may replace them.

import { withAlpha } from "../theme.ts";
import { Drawing, type Canvas } from "./primitive.ts";

export interface Swing {
  kind: "high" | "low";
  price: number;
  /** Seconds UTC. */
  occurredAt: number;
  confirmedAt: number;
  settledAt: number | null;
}

interface Mark extends Swing {
  place: number;
}

const SIZE = 5;

export class SwingMarks extends Drawing {
  private marks: readonly Mark[] = [];
  private colour = "#888888";

  constructor() {
    super("top");
  }

  show(swings: readonly Swing[], placeAt: (instant: number) => number): void {
    this.marks = swings.map((swing) => ({ ...swing, place: placeAt(swing.occurredAt) }));
    this.redraw();
  }

  paint(colour: string): void {
    this.colour = colour;
    this.redraw();
  }

  /** The swing of a bar. */
  at(place: number): Swing | undefined {
    return this.marks.find((mark) => mark.place === place);
  }

  protected draw({ context, width }: Canvas): void {
    context.lineWidth = 1.5;
    for (const mark of this.marks) {
      const x = this.x(mark.place);
      const y = this.y(mark.price);
      if (x === null || y === null || x < 0 || x > width) continue;
      const up = mark.kind === "low" ? 1 : -1;
      const tip = y + up * 5;
      context.beginPath();
      context.moveTo(x, tip);
      context.lineTo(x - SIZE, tip + up * SIZE * 1.6);
      context.lineTo(x + SIZE, tip + up * SIZE * 1.6);
      context.closePath();
      context.strokeStyle = this.colour;
      context.fillStyle = withAlpha(this.colour, mark.settledAt === null ? 0 : 0.85);
      context.fill();
      context.stroke();
    }
  }
}
