// Instants are seconds UTC; a wall clock shows them in a zone.
//
// The chart's axis knows no zones: it is given the seconds that the wall clock would be in UTC.

export const NEW_YORK = "America/New_York";
const HOUR = 3_600;

export interface WallTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** A zone's clock. The offset is looked up once an hour of time: Intl is slow. */
export class WallClock {
  readonly zone: string;
  private readonly format: Intl.DateTimeFormat;
  private readonly offsets = new Map<number, number>();

  constructor(zone: string) {
    this.zone = zone;
    this.format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Seconds that the zone is ahead of UTC at an instant. */
  offset(instant: number): number {
    const hour = Math.floor(instant / HOUR);
    let offset = this.offsets.get(hour);
    if (offset === undefined) {
      offset = this.lookUp(hour * HOUR);
      this.offsets.set(hour, offset);
    }
    return offset;
  }

  /** The instant as seconds of the wall clock. */
  shift(instant: number): number {
    return instant + this.offset(instant);
  }

  /** The instant of wall-clock seconds; in the hour that comes twice, the first. */
  unshift(wall: number): number {
    const guess = wall - this.offset(wall);
    const again = wall - this.offset(guess);
    return this.shift(again) === wall ? again : guess;
  }

  private lookUp(instant: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.format.formatToParts(instant * 1_000)) {
      parts[type] = Number(value);
    }
    const wall = Date.UTC(
      parts["year"] ?? 0,
      (parts["month"] ?? 1) - 1,
      parts["day"] ?? 1,
      parts["hour"] ?? 0,
      parts["minute"] ?? 0,
      parts["second"] ?? 0,
    );
    return wall / 1_000 - instant;
  }
}

/** The fields of wall-clock seconds. */
export function wallTime(wall: number): WallTime {
  const date = new Date(wall * 1_000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** YYYY-MM-DD of wall-clock seconds. */
export function dateText(wall: number): string {
  const { year, month, day } = wallTime(wall);
  return `${year}-${two(month)}-${two(day)}`;
}

/** HH:MM of wall-clock seconds. */
export function clockText(wall: number): string {
  const { hour, minute } = wallTime(wall);
  return `${two(hour)}:${two(minute)}`;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** A day, and its time where the bar is shorter than a day. */
export function instantText(clock: WallClock, instant: number, withTime: boolean): string {
  const wall = clock.shift(instant);
  const weekday = DAYS[new Date(wall * 1_000).getUTCDay()] ?? "";
  const day = `${weekday} ${dateText(wall)}`;
  return withTime ? `${day} ${clockText(wall)}` : day;
}

/** Seconds UTC of an ISO text. */
export function parseInstant(text: string): number {
  return Date.parse(text) / 1_000;
}

export function isoText(instant: number): string {
  return new Date(instant * 1_000).toISOString().replace(/\.000Z$/, "Z");
}
