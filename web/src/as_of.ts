// As of: chart and engines at a past instant, with what was known then; bar by bar.

import { byId, setClass, setText } from "./dom.ts";
import type { Desk } from "./chart/desk.ts";
import { dateText, clockText, type WallClock } from "./time.ts";

const DAY = 86_400;

export class AsOf {
  onChange: (instant: number | null) => void = () => undefined;
  private instant: number | null = null;
  private readonly desk: Desk;
  private readonly clock: WallClock;
  private readonly now: () => number;
  private readonly slider = byId("as-of-slider") as HTMLInputElement;
  private readonly field = byId("as-of-field") as HTMLInputElement;
  private playing: number | undefined;
  private stepping = false;

  constructor(desk: Desk, clock: WallClock, now: () => number) {
    this.desk = desk;
    this.clock = clock;
    this.now = now;
    byId("as-of-open").addEventListener("click", () => this.toggle());
    byId("as-of-back").addEventListener("click", () => void this.step(-1));
    byId("as-of-on").addEventListener("click", () => void this.step(1));
    byId("as-of-play").addEventListener("click", () => this.play());
    byId("as-of-now").addEventListener("click", () => this.go(null));
    this.slider.addEventListener("change", () => this.slid());
    this.slider.addEventListener("input", () => this.write(Number(this.slider.value)));
    this.field.addEventListener("change", () => this.typed());
  }

  /** What the link says. */
  set value(instant: number | null) {
    this.instant = instant;
    if (instant === null) this.pause();
    const shown = instant !== null || !byId("as-of").classList.contains("hidden");
    setClass(byId("as-of"), "hidden", !shown);
    setClass(document.body, "past", instant !== null);
    byId("as-of-open").setAttribute("aria-expanded", String(shown));
    this.bounds();
    this.write(instant ?? this.now());
    if (instant !== null) this.slider.value = String(instant);
  }

  toggle(): void {
    const hidden = byId("as-of").classList.toggle("hidden");
    byId("as-of-open").setAttribute("aria-expanded", String(!hidden));
    if (hidden && this.instant !== null) this.go(null);
    else this.bounds();
  }

  async step(by: number): Promise<void> {
    if (this.stepping) return;
    this.stepping = true;
    try {
      const from = this.instant ?? this.now();
      const to = await this.desk.step(from, by);
      if (to === null || to > this.now()) this.pause();
      else this.go(to);
    } finally {
      this.stepping = false;
    }
  }

  play(): void {
    if (this.playing !== undefined) {
      this.pause();
      return;
    }
    this.playing = window.setInterval(() => void this.step(1), 900);
    this.showPlaying();
  }

  private pause(): void {
    window.clearInterval(this.playing);
    this.playing = undefined;
    this.showPlaying();
  }

  private showPlaying(): void {
    const on = this.playing !== undefined;
    byId("as-of-play").setAttribute("aria-pressed", String(on));
    setText(byId("as-of-play"), on ? "Stop" : "Play");
  }

  private go(instant: number | null): void {
    this.onChange(instant);
  }

  /** The market's clock was turned: the newest instant is another one. */
  turned(): void {
    if (byId("as-of").classList.contains("hidden")) return;
    this.bounds();
    if (this.instant === null) this.write(this.now());
  }

  /** The slider goes over the year before now, or from a month before an older instant. */
  private bounds(): void {
    const now = Math.floor(this.now() / 60) * 60;
    this.slider.max = String(now);
    this.slider.min = String(Math.min(now - 365 * DAY, (this.instant ?? now) - 30 * DAY));
    this.slider.step = "60";
    if (this.instant === null) this.slider.value = this.slider.max;
  }

  private slid(): void {
    const instant = Number(this.slider.value);
    this.go(instant >= Number(this.slider.max) ? null : instant);
  }

  private write(instant: number): void {
    const wall = this.clock.shift(instant);
    this.field.value = `${dateText(wall)}T${clockText(wall)}`;
  }

  /** The field is on New York's clock. */
  private typed(): void {
    const wall = Date.parse(`${this.field.value}:00Z`) / 1_000;
    if (!Number.isFinite(wall)) return;
    const instant = this.clock.unshift(wall);
    this.go(instant >= this.now() ? null : instant);
  }
}
