// The volume profile at the left side: value area, point of control, high-volume nodes.

import { withAlpha } from "../theme.ts";
import { Drawing, type Canvas } from "./primitive.ts";

export interface Profile {
  days: string;
  prices: readonly number[];
  volumes: readonly number[];
  step: number;
  poc: number;
  valueAreaHigh: number;
  valueAreaLow: number;
  nodes: readonly { price: number; rank: number }[];
}

// Of the pane's width.
const SHARE = 0.16;

export class ProfileBars extends Drawing {
  private profile: Profile | null = null;
  private colour = "#888888";
  private text = "#888888";
  private font = "11px sans-serif";

  constructor() {
    super("bottom");
  }

  show(profile: Profile | null): void {
    this.profile = profile;
    this.redraw();
  }

  paint(colour: string, text: string, font: string): void {
    this.colour = colour;
    this.text = text;
    this.font = `10px ${font}`;
    this.redraw();
  }

  protected draw({ context, width, height }: Canvas): void {
    const profile = this.profile;
    if (profile === null) return;
    const most = Math.max(...profile.volumes, 1);
    const nodes = new Set(profile.nodes.map((node) => node.price.toFixed(4)));
    profile.prices.forEach((price, place) => {
      const top = this.y(price + profile.step / 2);
      const bottom = this.y(price - profile.step / 2);
      if (top === null || bottom === null || bottom < 0 || top > height) return;
      const valued = price >= profile.valueAreaLow && price <= profile.valueAreaHigh;
      const node = nodes.has(price.toFixed(4));
      context.fillStyle = withAlpha(this.colour, node ? 0.7 : valued ? 0.38 : 0.2);
      const wide = (width * SHARE * (profile.volumes[place] ?? 0)) / most;
      context.fillRect(0, top, wide, Math.max(1, bottom - top - (bottom - top > 3 ? 1 : 0)));
    });
    this.drawPoint(context, width, profile);
  }

  private drawPoint(context: CanvasRenderingContext2D, width: number, profile: Profile): void {
    const y = this.y(profile.poc);
    if (y === null) return;
    const end = width * SHARE + 8;
    context.fillStyle = this.colour;
    context.fillRect(0, Math.round(y), end, 1.5);
    context.font = this.font;
    context.textBaseline = "middle";
    context.fillStyle = this.text;
    context.fillText(`POC ${profile.days}d`, end + 4, y);
  }
}
