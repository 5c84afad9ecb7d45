// Whether the exchange trades now, and when it does next.

import { API, type Api } from "./api.ts";
import { partAt, sessionAt, type Part, type Session } from "./chart/sessions.ts";
import { clockText, dateText, parseInstant, wallTime, type WallClock } from "./time.ts";

/** A trading day of `/api/v1/calendar`. */
interface SessionRow {
  date: string;
  start: string;
  pre_market_start: string;
  open: string;
  close: string;
  end: string;
  early_close: boolean;
}

const DAY_S = 86_400;
// The longest that the exchange was ever closed for was a week.
const AHEAD_S = 14 * DAY_S;
const BEHIND_S = 7 * DAY_S;
const AGAIN_EVERY_MS = 60_000;

/** The trading days from one instant to another, seconds UTC. */
export async function readSessions(api: Api, home: WallClock, from: number, to: number): Promise<Session[]> {
  const [first, last] = [dateText(home.shift(from)), dateText(home.shift(to))];
  const rows = await api.get<SessionRow[]>(`${API}/calendar?start_date=${first}&end_date=${last}`);
  return rows.map((row) => ({
    day: row.date,
    begins: parseInstant(row.start),
    preMarket: parseInstant(row.pre_market_start),
    opens: parseInstant(row.open),
    closes: parseInstant(row.close),
    ends: parseInstant(row.end),
    earlyClose: row.early_close,
  }));
}

/** The session whose regular hours begin next after an instant. */
export function nextOpening(sessions: readonly Session[], now: number): Session | undefined {
  return sessions.find(({ opens }) => opens > now);
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Fri 27 Nov` of wall-clock seconds. */
function dayText(wall: number): string {
  const { month, day } = wallTime(wall);
  return `${DAYS[new Date(wall * 1_000).getUTCDay()] ?? ""} ${day} ${MONTHS[month - 1] ?? ""}`;
}

/** What the exchange does at an instant, in words; empty where its days are not known. */
export function hoursText(sessions: readonly Session[], now: number, home: WallClock): string {
  const at = (instant: number) => clockText(home.shift(instant));
  const session = sessionAt(sessions, now);
  const part = partAt(sessions, now);
  const early = (one: Session) => (one.earlyClose ? `, closes early at ${at(one.closes)}` : "");
  if (part === "regular" && session !== undefined) {
    return `open until ${at(session.closes)}${session.earlyClose ? ", early close" : ""}`;
  }
  if (part === "post-market" && session !== undefined) return `post-market until ${at(session.ends)}`;
  const next = nextOpening(sessions, now);
  if (next === undefined) return "";
  if (part === "closed") {
    const wall = home.shift(next.opens);
    const day = dateText(wall) === dateText(home.shift(now)) ? "" : `${dayText(wall)} `;
    return `opens ${day}${clockText(wall)}${early(next)}`;
  }
  return `${part}, opens ${at(next.opens)}${early(next)}`;
}

/** The trading days around now: read when the page is opened, and again before they run out. */
export class MarketHours {
  private sessions: readonly Session[] = [];
  private readonly api: Api;
  private readonly home: WallClock;
  private readonly now: () => number;
  private reading = false;

  constructor(api: Api, home: WallClock, now: () => number) {
    this.api = api;
    this.home = home;
    this.now = now;
    window.setInterval(() => void this.read(), AGAIN_EVERY_MS);
  }

  /** Null while the trading days are not known. */
  get part(): Part | null {
    return this.isKnown ? partAt(this.sessions, this.now()) : null;
  }

  get text(): string {
    return this.isKnown ? hoursText(this.sessions, this.now(), this.home) : "";
  }

  /** Read them, where those that are known do not reach from now to the next opening. */
  async read(): Promise<void> {
    if (this.isKnown || this.reading) return;
    this.reading = true;
    const now = this.now();
    try {
      this.sessions = await readSessions(this.api, this.home, now - BEHIND_S, now + AHEAD_S);
    } catch {
      // The strip says that the gateway does not answer; the next turn asks again.
    } finally {
      this.reading = false;
    }
  }

  private get isKnown(): boolean {
    const now = this.now();
    return (this.sessions[0]?.begins ?? Infinity) <= now && nextOpening(this.sessions, now) !== undefined;
  }
}
