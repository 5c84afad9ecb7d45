// The gateway's time: that of a replay is not the machine's.

import { API, type Api } from "./api.ts";
import { parseInstant } from "./time.ts";

export interface ClockState {
  now: string;
  speed: number;
  paused: boolean;
  wall: boolean;
  end: string | null;
}

const AGAIN_EVERY_MS = 20_000;

export class GatewayClock {
  onChange: () => void = () => undefined;
  private base = Date.now() / 1_000;
  private since = performance.now();
  private speed = 1;
  state: ClockState | null = null;
  private readonly api: Api;

  constructor(api: Api) {
    this.api = api;
  }

  /** Read it, and keep to it from then on. */
  async start(): Promise<void> {
    window.setInterval(() => void this.read(), AGAIN_EVERY_MS);
    await this.read();
  }

  /** Seconds UTC of the gateway's market. */
  now(): number {
    return this.base + ((performance.now() - this.since) / 1_000) * this.speed;
  }

  async turn(action: Record<string, unknown>): Promise<void> {
    this.take(await this.api.post<ClockState>(`${API}/clock`, action));
  }

  async read(): Promise<void> {
    try {
      this.take(await this.api.get<ClockState>(`${API}/clock`));
    } catch {
      // The health strip says that the gateway does not answer; the clock runs on.
    }
  }

  private take(state: ClockState): void {
    this.base = parseInstant(state.now);
    this.since = performance.now();
    this.speed = state.paused ? 0 : state.speed;
    this.state = state;
    this.onChange();
  }
}
