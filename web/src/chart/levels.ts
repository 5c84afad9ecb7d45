// Levels of the market's time: read anew as it goes on, and said to be old where they are.

import type { GatewayClock } from "../clock.ts";
import { byId, setClass, setText } from "../dom.ts";
import { clockText, type WallClock } from "../time.ts";
import { Cadence } from "./cadence.ts";
import type { Layers } from "./layers.ts";

const LOOK_EVERY_MS = 250;
const OLD_AFTER_S = 120;

export class LevelsWatch {
  private readonly cadence = new Cadence();
  private readonly layers: Layers;
  private readonly time: GatewayClock;
  private readonly home: WallClock;
  private readonly isLive: () => boolean;

  constructor(layers: Layers, time: GatewayClock, home: WallClock, isLive: () => boolean) {
    this.layers = layers;
    this.time = time;
    this.home = home;
    this.isLive = isLive;
    window.setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** The market's clock was turned. */
  turn(): void {
    this.cadence.turn();
    this.look();
  }

  /** A reading, so that none begins beside it. */
  async follow(read: () => Promise<void>): Promise<void> {
    this.cadence.begin(this.time.now(), performance.now());
    try {
      await read();
    } finally {
      this.cadence.end(performance.now());
      this.sayAge();
    }
  }

  private look(): void {
    this.sayAge();
    if (document.hidden || !this.isLive()) return;
    if (!this.cadence.due(this.time.now(), performance.now())) return;
    void this.follow(() => this.layers.refresh());
  }

  private sayAge(): void {
    const at = this.isLive() ? this.layers.knownAt : null;
    const text = at === null ? "" : ageText(at, this.time.now(), this.home);
    const word = byId("levels-as-of");
    setText(word, text);
    setClass(word, "hidden", text === "");
  }
}

/** `levels as of 10:31` of those that are older than two minutes of the market, else nothing. Pure. */
export function ageText(at: number, now: number, home: WallClock): string {
  return now - at <= OLD_AFTER_S ? "" : `levels as of ${clockText(home.shift(at))}`;
}
