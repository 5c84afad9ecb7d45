// Alerts: price enters a zone of at least a chosen level. In the page always; by sound and desktop
// notification where the viewer switched them on.

import { byId, fill, h, setClass, setText } from "../dom.ts";
import { formatPrice } from "../format.ts";
import { Preference } from "../state.ts";
import { clockText, type WallClock } from "../time.ts";
import { sideOf } from "../zones.ts";
import type { SymbolState } from "./row.ts";
import { EntryMemory, type Entry } from "./zone_entries.ts";

export const LEVELS = ["L1", "L2", "L3", "L4", "L5"];
const MOST = 50;
const NOT_ALLOWED =
  "The browser does not allow notifications of this page: its settings for this site change that.";

interface Choice {
  on: boolean;
  level: string;
  sound: boolean;
  desktop: boolean;
}

function isChoice(value: unknown): value is Choice {
  const choice = value as Choice | null;
  return typeof choice?.on === "boolean" && LEVELS.includes(choice.level);
}

function mayNotify(): boolean {
  return "Notification" in window && Notification.permission === "granted";
}

export class Alerts {
  onPick: (symbol: string) => void = () => undefined;
  private readonly choice = new Preference<Choice>(
    "alerts",
    { on: true, level: "L4", sound: false, desktop: false },
    isChoice,
  );
  private audio: AudioContext | null = null;
  private readonly memory = new EntryMemory();
  private readonly clock: WallClock;

  constructor(clock: WallClock) {
    this.clock = clock;
    const level = byId("alert-level") as HTMLSelectElement;
    fill(level, ...LEVELS.map((name) => h("option", { value: name }, `${name} and up`)));
    level.value = this.choice.value.level;
    level.addEventListener("change", () => this.set({ level: level.value }));
    this.bind("alert-on", "on");
    this.bind("alert-sound", "sound");
    this.bind("alert-desktop", "desktop");
    byId("alert-clear").addEventListener("click", () => this.clear());
  }

  /** The price went from `before` to where it is at the end of its last minute. */
  look(state: SymbolState, before: number | null): void {
    const { on, level } = this.choice.value;
    if (!on || before === null || state.lastEnd === null) return;
    for (const entry of this.memory.news(state, before, state.lastEnd, level)) {
      this.tell(entry, before, state.lastEnd);
    }
  }

  private tell({ symbol, zone, price }: Entry, before: number, at: number): void {
    const kind = sideOf(zone, before);
    const text = `${symbol} ${formatPrice(price)} entered ${zone.level} ${kind}`;
    const range = `${formatPrice(zone.low)}–${formatPrice(zone.high)}`;
    const list = byId("alerts");
    const pick = () => this.onPick(symbol);
    const time = clockText(this.clock.shift(at));
    list.prepend(
      h(
        "li",
        { class: kind },
        h("button", { onclick: pick, type: "button" }, h("time", {}, time), text, h("i", {}, range)),
      ),
    );
    while (list.children.length > MOST) list.lastElementChild?.remove();
    setClass(byId("alert-box"), "hidden", false);
    if (this.choice.value.sound) this.beep();
    if (this.choice.value.desktop && mayNotify()) {
      new Notification(text, { body: range, tag: `${symbol}-${zone.id}` });
    }
  }

  private bind(id: string, name: "on" | "sound" | "desktop"): void {
    const box = byId(id) as HTMLInputElement;
    // What the viewer took back in the browser since is off here, too.
    box.checked = this.choice.value[name] && (name !== "desktop" || mayNotify());
    box.addEventListener("change", () => void this.switched(box, name));
  }

  private async switched(box: HTMLInputElement, name: "on" | "sound" | "desktop"): Promise<void> {
    if (name === "desktop" && box.checked) {
      // Asked for when the viewer wants it, never before.
      const answer = "Notification" in window ? await Notification.requestPermission() : "denied";
      box.checked = answer === "granted";
      setText(byId("alert-note"), box.checked ? "" : NOT_ALLOWED);
    }
    this.set({ [name]: box.checked });
    if (name === "sound" && box.checked) this.beep();
  }

  private set(change: Partial<Choice>): void {
    this.choice.value = { ...this.choice.value, ...change };
  }

  private clear(): void {
    byId("alerts").replaceChildren();
    setClass(byId("alert-box"), "hidden", true);
  }

  private beep(): void {
    this.audio ??= new AudioContext();
    const { audio } = this;
    // A browser holds the sound of a page that nobody has touched yet.
    if (audio.state === "suspended") void audio.resume();
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = 880;
    volume.gain.setValueAtTime(0.12, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.25);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.25);
  }
}
