// The gateway's public API. A token is kept for this tab alone, and never in an address.

import { barOf, type Bar, type Row } from "./bars.ts";
import { isoText } from "./time.ts";

const TOKEN = "polytape-session";
export const API = "/api/v1";

/** An error of the gateway's: one body everywhere, RFC 9457. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

export interface Basis {
  source: string;
  made_up: boolean;
  adjusted: boolean;
  line?: string;
}

export interface BarsMetadata {
  source: string;
  made_up: boolean;
  adjusted: boolean;
  complete_through: string | null;
  notes: string[];
  missing: unknown[];
}

export interface BarsAnswer {
  bars: Bar[];
  metadata: BarsMetadata;
}

export interface BarsQuery {
  symbol: string;
  timeframe: string;
  /** Seconds UTC. */
  start?: number;
  end?: number;
  limit?: number;
}

export class Api {
  /** Called where the gateway asks for a token, with its reason; gives one, or null. */
  askToken: (reason: string) => Promise<string | null> = () => Promise.resolve(null);
  private asking: Promise<string | null> | null = null;
  /** Whoever said no is asked again only for what they do themselves. */
  private declined = false;
  /** Something that the page shows could not be read without a token. */
  private lacking = false;

  get token(): string | null {
    return sessionStorage.getItem(TOKEN);
  }

  set token(token: string | null) {
    if (token === null) sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, token);
  }

  async bars(query: BarsQuery, signal?: AbortSignal): Promise<BarsAnswer> {
    const body = {
      symbol: query.symbol,
      timeframe: query.timeframe,
      start_date: query.start === undefined ? undefined : isoText(query.start),
      end_date: query.end === undefined ? undefined : isoText(query.end),
      limit: query.limit,
      allow_partial: true,
    };
    type Answer = { data: Row[]; metadata: BarsMetadata };
    const answer = await this.post<Answer>(`${API}/bars`, body, signal);
    return { bars: answer.data.map(barOf), metadata: answer.metadata };
  }

  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.send<T>(path, { method: "GET", ...(signal ? { signal } : {}) });
  }

  post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return this.send<T>(path, {
      method: "POST",
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
  }

  remove<T>(path: string): Promise<T> {
    this.declined = false;
    return this.send<T>(path, { method: "DELETE" });
  }

  /** A post that somebody pressed a button for. */
  act<T>(path: string, body: unknown): Promise<T> {
    this.declined = false;
    return this.post<T>(path, body);
  }

  /** Ask for the token again, where it was refused to us. */
  askAgain(): void {
    this.declined = false;
  }

  private async send<T>(path: string, init: RequestInit): Promise<T> {
    for (;;) {
      const response = await this.attempt(path, init);
      if (!response.ok) {
        const detail = await detailOf(response);
        if (response.status !== 401) throw new ApiError(response.status, detail);
        const reason = plainReason(detail);
        if (await this.newToken(reason)) continue;
        this.lacking ||= init.method === "GET";
        throw new ApiError(401, `${reason}; polytape open opens this page with it`);
      }
      // What was refused before is read anew, all of it.
      if (this.lacking && this.token !== null) location.reload();
      return (await response.json()) as T;
    }
  }

  private async attempt(path: string, init: RequestInit): Promise<Response> {
    const headers: Record<string, string> = { "X-Requested-With": "polytape" };
    if (init.body !== undefined) headers["Content-Type"] = "application/json";
    if (this.token !== null) headers["Authorization"] = `Bearer ${this.token}`;
    try {
      return await fetch(path, { ...init, headers });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new ApiError(0, "The gateway does not answer: is `polytape serve` running?");
    }
  }

  /** Whether a token was given that is not the one just refused. All who wait are asked once. */
  private async newToken(reason: string): Promise<boolean> {
    if (this.declined) return false;
    this.asking ??= this.askToken(reason).finally(() => {
      this.asking = null;
    });
    const token = await this.asking;
    this.declined = token === null;
    if (token === null) return false;
    this.token = token;
    return true;
  }
}

/** Why a token is asked for, without how programs send it. */
function plainReason(detail: string): string {
  return detail.split(": Authorization", 1)[0] ?? detail;
}

async function detailOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as { detail?: unknown };
    if (typeof body.detail === "string") return body.detail;
  } catch {
    // Not the gateway's own body: a proxy's, perhaps.
  }
  return `${response.status} ${response.statusText}`;
}

/** What to show of anything that was thrown; null for a request that the page itself ended. */
export function messageOf(error: unknown): string | null {
  if (error instanceof DOMException && error.name === "AbortError") return null;
  return error instanceof Error ? error.message : String(error);
}
