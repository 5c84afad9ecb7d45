// What the engines say of a symbol at an instant, as the gateway's API answers.

import { API, type Api } from "./api.ts";
import type { Profile } from "./chart/profile.ts";
import type { Swing } from "./chart/swings.ts";
import { vwapCurve, type VwapPoint } from "./chart/vwap.ts";
import { isoText, parseInstant } from "./time.ts";

export interface ZonePart {
  level: number;
  name: string;
  type: string;
  family: string;
  weight: number;
  same_as: string[];
}

export interface Zone {
  id: string;
  low: number;
  high: number;
  centre: number;
  kind: "support" | "resistance";
  level: string;
  score: number;
  parts: ZonePart[];
  votes: string[];
  rate: Record<string, unknown> | null;
}

/** What an engine knew, and at which instant. */
export interface Reading {
  as_of: string;
}

export interface Scan extends Reading {
  symbol: string;
  price: number;
  atr_day: number | null;
  zones: Zone[];
  structure: string | null;
  errors: Record<string, string>;
  notes: string[];
  basis: { line?: string; perfect?: boolean } | null;
}

export interface Swings extends Reading {
  swings: Swing[];
}

export interface Profiles extends Reading {
  profiles: Profile[];
}

export interface Pivots extends Reading {
  pivots: Record<string, { levels: Record<string, number>; period: string }>;
}

export interface SessionLevels extends Reading {
  current_price: string | null;
  pre_market_price: string | null;
  open_price: string | null;
  daily_atr: string | null;
  atr_high: string | null;
  atr_low: string | null;
  error: string | null;
}

export interface Vwap extends Reading {
  anchor: string;
  vwap: number | null;
  levels: { name: string; deviations: number; price: number }[];
}

export interface VwapWithCurve extends Vwap {
  curve: VwapPoint[];
}

interface SwingRow {
  kind: "high" | "low";
  price: number;
  occurred_at: string;
  confirmed_at: string;
  settled_at: string | null;
}

interface ProfileRow {
  prices: number[];
  volumes: number[];
  step: number;
  poc: number;
  value_area_high: number;
  value_area_low: number;
  hvns: { price: number; rank: number }[];
}

export class Engines {
  private readonly api: Api;

  constructor(api: Api) {
    this.api = api;
  }

  scan(symbol: string, asOf: number | null, signal?: AbortSignal): Promise<Scan> {
    return this.ask<Scan>("/scan", symbol, asOf, signal);
  }

  /** Swings of bars of a timeframe within the day. */
  async swings(
    symbol: string,
    timeframe: string,
    asOf: number | null,
    signal?: AbortSignal,
  ): Promise<Swings> {
    type Answer = Reading & { fractals: { swings: SwingRow[] } };
    const options = { timeframe };
    const answer = await this.ask<Answer>("/engines/fractals", symbol, asOf, signal, options);
    const swings = answer.fractals.swings.map((row) => ({
      kind: row.kind,
      price: row.price,
      occurredAt: parseInstant(row.occurred_at),
      confirmedAt: parseInstant(row.confirmed_at),
      settledAt: row.settled_at === null ? null : parseInstant(row.settled_at),
    }));
    return { as_of: answer.as_of, swings };
  }

  async profiles(symbol: string, asOf: number | null, signal?: AbortSignal): Promise<Profiles> {
    type Answer = Reading & { profiles: Record<string, ProfileRow> };
    const answer = await this.ask<Answer>("/engines/hvn", symbol, asOf, signal);
    const profiles = Object.entries(answer.profiles).map(([days, row]) => ({
      days,
      prices: row.prices,
      volumes: row.volumes,
      step: row.step,
      poc: row.poc,
      valueAreaHigh: row.value_area_high,
      valueAreaLow: row.value_area_low,
      nodes: row.hvns,
    }));
    return { as_of: answer.as_of, profiles };
  }

  pivots(symbol: string, asOf: number | null, signal?: AbortSignal): Promise<Pivots> {
    return this.ask<Pivots>("/engines/camarilla", symbol, asOf, signal);
  }

  /** Its answer names the instant in older tools' way. */
  async session(symbol: string, asOf: number | null, signal?: AbortSignal): Promise<SessionLevels> {
    type Answer = Omit<SessionLevels, "as_of"> & { session_datetime: string };
    const answer = await this.ask<Answer>("/engines/session", symbol, asOf, signal);
    return { ...answer, as_of: answer.session_datetime };
  }

  /** With the minutes since its anchor, of which its curve is made. */
  async vwap(symbol: string, asOf: number | null, signal?: AbortSignal): Promise<VwapWithCurve> {
    const answer = await this.ask<Vwap>("/engines/vwap", symbol, asOf, signal);
    const [start, end] = [parseInstant(answer.anchor), parseInstant(answer.as_of)];
    const query = { symbol, timeframe: "1min", start, end };
    const { bars } = await this.api.bars(query, signal);
    const known = bars.filter((bar) => bar.time + 60 <= end);
    return { ...answer, curve: vwapCurve(known) };
  }

  private ask<T>(
    path: string,
    symbol: string,
    asOf: number | null,
    signal?: AbortSignal,
    options?: Record<string, unknown>,
  ): Promise<T> {
    const body = {
      symbol,
      ...(asOf === null ? {} : { as_of: isoText(asOf) }),
      ...(options === undefined ? {} : { options }),
    };
    return this.api.post<T>(`${API}${path}`, body, signal);
  }
}
