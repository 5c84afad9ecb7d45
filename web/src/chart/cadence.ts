// When levels are read anew: each minute of the market, or as often as the answers come. Pure.

// The minute before has to have come to the gateway.
const SETTLED_AFTER_S = 2;
// Of a fast replay: readings leave the gateway time for others.
const LEAST_REST_MS = 1_000;

export class Cadence {
  private minute: number | null = null;
  private under = 0;
  private beganMs = 0;
  private restUntilMs = -Infinity;
  private turned = false;

  /** The clock was turned: at once, whatever was read. */
  turn(): void {
    this.turned = true;
  }

  /** Whether to read at `now`, seconds UTC of the market, `ms` by a clock that only grows. */
  due(now: number, ms: number): boolean {
    if (this.under > 0) return false;
    return this.turned || (minuteOf(now) !== this.minute && ms >= this.restUntilMs);
  }

  begin(now: number, ms: number): void {
    this.minute = minuteOf(now);
    this.beganMs = ms;
    this.turned = false;
    this.under += 1;
  }

  /** The reading is over: the next one waits for as long as it took. */
  end(ms: number): void {
    this.under -= 1;
    this.restUntilMs = Math.max(ms + ms - this.beganMs, this.beganMs + LEAST_REST_MS);
  }
}

function minuteOf(now: number): number {
  return Math.floor((now - SETTLED_AFTER_S) / 60);
}
