// Zones as bands, levels as lines, each with its name at the right. One drawing for all of them:
// five hundred cost no more than those in sight.

import { withAlpha } from "../theme.ts";
import { Drawing, LabelRoom, type Canvas } from "./primitive.ts";

const LABEL_HEIGHT = 15;
// Pixels of the pane.
export const NARROW = 560;

export interface Band {
  low: number;
  high: number;
  colour: string;
  /** Opacity from 0 to 1. */
  strength: number;
  label: string;
  /** Where the chart is narrow. */
  short?: string;
  /** What is shown when the pointer is on it. */
  detail?: () => Node;
}

export interface Line {
  price: number;
  colour: string;
  label: string;
  /** Where the chart is narrow. */
  short?: string;
  dashed?: boolean;
  /** Its price at each of these places; else it is flat. */
  curve?: readonly (readonly [place: number, price: number])[];
}

export class Bands extends Drawing {
  private bands: readonly Band[] = [];
  private lines: readonly Line[] = [];
  private marked: Band | undefined;
  private font = "11px sans-serif";
  private text = "#888888";
  private background = "#ffffff";
  private readonly widths = new Map<string, number>();

  constructor() {
    super("bottom");
  }

  show(bands: readonly Band[], lines: readonly Line[]): void {
    this.bands = bands;
    this.lines = lines;
    this.widths.clear();
    this.redraw();
  }

  paint(font: string, text: string, background: string): void {
    this.font = `11px ${font}`;
    this.widths.clear();
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

  get all(): readonly Band[] {
    return this.bands;
  }

  /** The one that is marked. */
  get chosen(): Band | undefined {
    return this.marked;
  }

  /** Draw one of them stronger; none: all as they are. */
  mark(band: Band | undefined): void {
    if (this.marked === band) return;
    this.marked = band;
    this.redraw();
  }

  protected draw(canvas: Canvas): void {
    for (const band of this.bands) this.drawBand(canvas, band);
    this.drawLines(canvas);
    this.drawNames(canvas);
  }

  /** The names, at the right, under the candles, none over another: those of zones first. */
  private drawNames({ context, width, height }: Canvas): void {
    context.font = this.font;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const room = new LabelRoom();
    const named = [
      ...this.bands.map(({ low, high, label, short, colour }) => {
        return { price: (low + high) / 2, label, short, colour };
      }),
      ...this.lines,
    ];
    for (const { price, label, short, colour } of named) {
      const y = this.y(price);
      if (y === null || y < 0 || y > height || !label || !room.take(y, LABEL_HEIGHT)) continue;
      const text = width < NARROW ? (short ?? label) : label;
      const wide = this.widthOf(context, text) + 10;
      context.fillStyle = this.background;
      context.fillRect(width - wide - 2, y - 7, wide, 14);
      context.fillStyle = withAlpha(colour, 0.25);
      context.fillRect(width - wide - 2, y - 7, wide, 14);
      context.fillStyle = this.text;
      context.fillText(text, width - 7, y + 0.5);
    }
  }

  private drawBand({ context, width, height }: Canvas, band: Band): void {
    const top = this.y(band.high);
    const bottom = this.y(band.low);
    if (top === null || bottom === null || bottom < 0 || top > height) return;
    const thick = Math.max(1.5, bottom - top);
    const isMarked = band.low === this.marked?.low && band.high === this.marked.high;
    const edge = isMarked ? 2 : 1;
    context.fillStyle = withAlpha(band.colour, (isMarked ? 0.16 : 0.06) + 0.2 * band.strength);
    context.fillRect(0, top, width, thick);
    context.fillStyle = withAlpha(band.colour, isMarked ? 1 : 0.25 + 0.5 * band.strength);
    context.fillRect(0, top, width, edge);
    context.fillRect(0, top + thick - edge, width, edge);
  }

  /** Lines of one look are one stroke, and one row of pixels is drawn once: hundreds cost little. */
  private drawLines({ context, width, height }: Canvas): void {
    const looks = new Map<string, { line: Line; rows: Set<number> }>();
    for (const line of this.lines) {
      if (line.curve !== undefined) {
        this.drawCurve(context, line, line.curve);
        continue;
      }
      const y = this.y(line.price);
      if (y === null || y < 0 || y > height) continue;
      const look = `${line.colour} ${line.dashed === true}`;
      const same = looks.get(look) ?? { line, rows: new Set() };
      same.rows.add(Math.round(y));
      looks.set(look, same);
    }
    for (const { line, rows } of looks.values()) {
      context.strokeStyle = withAlpha(line.colour, 0.75);
      context.setLineDash(line.dashed ? [5, 4] : []);
      context.beginPath();
      for (const row of rows) {
        context.moveTo(0, row + 0.5);
        context.lineTo(width, row + 0.5);
      }
      context.stroke();
    }
    context.setLineDash([]);
  }

  private drawCurve(context: CanvasRenderingContext2D, line: Line, curve: NonNullable<Line["curve"]>): void {
    context.strokeStyle = withAlpha(line.colour, 0.9);
    context.setLineDash(line.dashed ? [5, 4] : []);
    context.beginPath();
    for (const [place, price] of curve) {
      const [x, y] = [this.x(place), this.y(price)];
      if (x !== null && y !== null) context.lineTo(x, y);
    }
    context.stroke();
  }

  private widthOf(context: CanvasRenderingContext2D, text: string): number {
    let width = this.widths.get(text);
    if (width === undefined) {
      width = context.measureText(text).width;
      this.widths.set(text, width);
    }
    return width;
  }
}
