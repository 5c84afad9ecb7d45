// Zones as bands, levels as lines, each with its name at the right. One drawing for all of them:
// five hundred cost no more than those in sight.

import { withAlpha } from "../theme.ts";
import { Drawing, LabelRoom, type Canvas } from "./primitive.ts";

const LABEL_HEIGHT = 15;

export interface Band {
  low: number;
  high: number;
  colour: string;
  /** Opacity from 0 to 1. */
  strength: number;
  label: string;
  /** What is shown when the pointer is on it. */
  detail?: () => Node;
}

export interface Line {
  price: number;
  colour: string;
  label: string;
  dashed?: boolean;
}

export class Bands extends Drawing {
  private bands: readonly Band[] = [];
  private lines: readonly Line[] = [];
  private font = "11px sans-serif";
  private text = "#888888";
  private background = "#ffffff";

  constructor() {
    super("bottom");
  }

  show(bands: readonly Band[], lines: readonly Line[]): void {
    this.bands = bands;
    this.lines = lines;
    this.redraw();
  }

  paint(font: string, text: string, background: string): void {
    this.font = `11px ${font}`;
    this.text = text;
    this.background = background;
    this.redraw();
  }

  /** The narrowest band at a price. */
  bandAt(price: number): Band | undefined {
    return this.bands
      .filter((band) => band.low <= price && price <= band.high)
      .sort((a, b) => a.high - a.low - (b.high - b.low))[0];
  }

  protected draw(canvas: Canvas): void {
    for (const band of this.bands) this.drawBand(canvas, band);
    for (const line of this.lines) this.drawLine(canvas, line);
  }

  /** The names, at the right, none over another: those of zones first. */
  protected override drawOver({ context, width, height }: Canvas): void {
    context.font = this.font;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const room = new LabelRoom();
    const named = [
      ...this.bands.map(({ low, high, label, colour }) => ({ price: (low + high) / 2, label, colour })),
      ...this.lines,
    ];
    for (const { price, label, colour } of named) {
      const y = this.y(price);
      if (y === null || y < 0 || y > height || !label || !room.take(y, LABEL_HEIGHT)) continue;
      const wide = context.measureText(label).width + 10;
      context.fillStyle = this.background;
      context.fillRect(width - wide - 2, y - 7, wide, 14);
      context.fillStyle = withAlpha(colour, 0.25);
      context.fillRect(width - wide - 2, y - 7, wide, 14);
      context.fillStyle = this.text;
      context.fillText(label, width - 7, y + 0.5);
    }
  }

  private drawBand({ context, width, height }: Canvas, band: Band): void {
    const top = this.y(band.high);
    const bottom = this.y(band.low);
    if (top === null || bottom === null || bottom < 0 || top > height) return;
    const thick = Math.max(1.5, bottom - top);
    context.fillStyle = withAlpha(band.colour, 0.06 + 0.2 * band.strength);
    context.fillRect(0, top, width, thick);
    context.fillStyle = withAlpha(band.colour, 0.25 + 0.5 * band.strength);
    context.fillRect(0, top, width, 1);
    context.fillRect(0, top + thick - 1, width, 1);
  }

  private drawLine({ context, width, height }: Canvas, line: Line): void {
    const y = this.y(line.price);
    if (y === null || y < 0 || y > height) return;
    context.strokeStyle = withAlpha(line.colour, 0.75);
    context.setLineDash(line.dashed ? [5, 4] : []);
    context.beginPath();
    context.moveTo(0, Math.round(y) + 0.5);
    context.lineTo(width, Math.round(y) + 0.5);
    context.stroke();
    context.setLineDash([]);
  }
}
