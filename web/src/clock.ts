// The gateway's time: that of a replay is not the machine's, and may be stopped, stepped or turned
// by somebody else at any moment. The stream says nothing of that: the clock is read again and again.

import { API, type Api } from "./api.ts";
import { parseInstant } from "./time.ts";

export interface ClockState {
  now: string;
  speed: number;
  paused: boolean;
  wall: boolean;
  end: string | null;
}

// The machine's own time is only corrected; a replay's is turned.
const WALL_EVERY_MS = 20_000;
const TURNED_EVERY_MS = 1_000;
const FAILED_EVERY_MS = 5_000;
// What an answer's way here may be wrong by, in seconds of the wall clock; at least in market seconds.
const WAY_S = 1;
const LEAST_JUMP_S = 2;

export class GatewayClock {
  /** Stopped, stepped, or at another speed: what is on the screen is of another time. */
  onTurn: () => void = () => undefined;
  private base = Date.now() / 1_000;
  private since: number;
  private speed = 1;
  private end = Infinity;
  private reading: Promise<void> | null = null;
  state: ClockState | null = null;
  private readonly api: Api;
  private readonly monotonic: () => number;

  /** `monotonic` gives milliseconds that only grow. */
  constructor(api: Api, monotonic: () => number = () => performance.now()) {
    this.api = api;
    this.monotonic = monotonic;
    this.since = monotonic();
  }

  /** Read it, and keep to it from then on. */
  async start(): Promise<void> {
    const succeeded = await this.read();
    const turned = this.state?.wall === false ? TURNED_EVERY_MS : WALL_EVERY_MS;
    window.setTimeout(() => void this.start(), succeeded ? turned : FAILED_EVERY_MS);
  }

  /** Seconds UTC of the gateway's market; a replay's stands at its end. */
  now(): number {
    const passed = ((this.monotonic() - this.since) / 1_000) * this.speed;
    return Math.min(this.base + passed, Math.max(this.end, this.base));
  }

  /** Whether a replay is over. */
  get hasEnded(): boolean {
    return this.now() >= this.end;
  }

  /** The feed has come to `instant`, seconds UTC: where that is ahead, the clock was stepped. */
  async heard(instant: number): Promise<void> {
    if (this.state?.wall === false && instant > this.now() + this.tolerance) await this.read();
  }

  /** Whether the gateway answered. One question at a time. */
  async read(): Promise<boolean> {
    this.reading ??= this.ask().finally(() => {
      this.reading = null;
    });
    try {
      await this.reading;
      return true;
    } catch {
      // The health strip says that the gateway does not answer; the clock runs on.
      return false;
    }
  }

  private async ask(): Promise<void> {
    this.take(await this.api.get<ClockState>(`${API}/clock`));
  }

  private get tolerance(): number {
    return Math.max(LEAST_JUMP_S, WAY_S * this.speed);
  }

  private take(state: ClockState): void {
    const [before, expected, tolerance] = [this.state, this.now(), this.tolerance];
    this.base = parseInstant(state.now);
    this.since = this.monotonic();
    this.end = state.end === null ? Infinity : parseInstant(state.end);
    this.speed = state.paused ? 0 : state.speed;
    this.state = state;
    if (before === null) return;
    const isTurned = before.paused !== state.paused || before.speed !== state.speed;
    if (isTurned || Math.abs(this.base - expected) > tolerance) this.onTurn();
  }
}
