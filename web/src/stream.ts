// The gateway's event stream, for ever: it comes back by itself, and says from where it goes on.

import { API } from "./api.ts";
import type { Bar } from "./bars.ts";
import { parseInstant } from "./time.ts";

/** An event of the vendor's, `AM` or `A`. */
interface Aggregate {
  ev: string;
  sym: string;
  s: number;
  o: number;
  h: number;
  l: number;
  c: number;
  v: number;
  vw?: number;
}

interface Message {
  type: string;
  position?: number;
  next?: number;
  log?: string;
  detail?: string;
  message?: string;
  backfilled?: boolean;
  events?: Aggregate[];
  start?: string;
  end?: string;
  at?: string;
  channels?: string[];
}

export interface LiveBar {
  symbol: string;
  /** "AM": a whole minute; "A": a second of it. */
  kind: "AM" | "A";
  bar: Bar;
}

export type FeedState = "connecting" | "live" | "gap" | "lag" | "down" | "none";

export interface FeedNotice {
  kind: string;
  detail: string;
  /** What it is about ends here, seconds UTC: `through`, and gaps that are closed. */
  end?: number;
}

const SILENT_AFTER_MS = 15_000;
const LONGEST_WAIT_MS = 10_000;

export class EventStream {
  onBars: (bars: LiveBar[]) => void = () => undefined;
  onNotice: (notice: FeedNotice) => void = () => undefined;
  onState: (state: FeedState, detail: string) => void = () => undefined;
  state: FeedState = "connecting";
  /** When a word was last heard, by performance.now(). */
  heardAt = 0;

  private socket: WebSocket | null = null;
  private readonly topics = new Set<string>();
  private channels: ReadonlySet<string> = new Set();
  private position: number | null = null;
  private log: string | null = null;
  private attempts = 0;
  private timer: number | undefined;
  private readonly token: () => string | null;

  constructor(token: () => string | null) {
    this.token = token;
  }

  start(): void {
    this.open();
    window.setInterval(() => this.watch(), 3_000);
    // A machine that slept finds a dead line: do not wait for its end.
    window.addEventListener("online", () => this.reopen());
  }

  /** Want these topics and no others. */
  want(topics: ReadonlySet<string>): void {
    const added = [...topics].filter((topic) => !this.topics.has(topic));
    const gone = [...this.topics].filter((topic) => !topics.has(topic));
    for (const topic of added) this.topics.add(topic);
    for (const topic of gone) this.topics.delete(topic);
    this.act("unsubscribe", gone);
    this.act("subscribe", added);
  }

  /** Of topics whose channel the feed has. */
  private act(action: string, topics: readonly string[], since?: number): void {
    const some = topics.filter((topic) => this.channels.has(topic.split(".", 1)[0] ?? ""));
    if (some.length === 0) return;
    this.send({ action, topics: some, ...(since === undefined ? {} : { since }) });
  }

  private open(): void {
    window.clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const token = this.token();
    // A browser's WebSocket has no headers of one's own: the token travels as a protocol's name.
    const protocols = token === null ? ["polytape"] : ["polytape", `polytape.token.${token}`];
    const socket = new WebSocket(`${scheme}://${location.host}${API}/stream`, protocols);
    this.socket = socket;
    this.heardAt = performance.now();
    socket.onmessage = (event: MessageEvent<string>) => this.receive(socket, event.data);
    socket.onclose = (event) => this.closed(socket, event.reason);
  }

  private reopen(): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.attempts = 0;
    this.open();
  }

  private closed(socket: WebSocket, reason: string): void {
    if (socket !== this.socket) return;
    this.socket = null;
    // Where the gateway has no feed it says so, and ends: history works all the same.
    if (this.state !== "none") this.become("down", reason || "no connection to the gateway");
    const longest = this.state === "none" ? 60_000 : LONGEST_WAIT_MS;
    const wait = Math.min(longest, 250 * 2 ** this.attempts) * (0.5 + Math.random() / 2);
    this.attempts += 1;
    this.timer = window.setTimeout(() => this.open(), this.state === "none" ? longest : wait);
  }

  private watch(): void {
    if (this.socket !== null && performance.now() - this.heardAt > SILENT_AFTER_MS) this.reopen();
  }

  private receive(socket: WebSocket, text: string): void {
    if (socket !== this.socket) return;
    this.heardAt = performance.now();
    const message = JSON.parse(text) as Message;
    if (message.type === "events") this.events(message);
    else if (message.type === "connected") this.greeted(message);
    else if (message.type !== "heartbeat") this.notice(message);
    if (message.next !== undefined) this.position = message.next;
    else if (message.position !== undefined && message.type === "heartbeat") {
      this.position = message.position;
    }
  }

  private greeted(message: Message): void {
    this.attempts = 0;
    const same = message.log === this.log;
    const since = same && this.position !== null ? this.position : undefined;
    this.log = message.log ?? null;
    this.channels = new Set(message.channels ?? ["AM"]);
    this.become("live", "");
    if (!same && this.position !== null) {
      this.onNotice({ kind: "gap", detail: "the gateway was started anew" });
    }
    this.position = message.position ?? null;
    this.act("subscribe", [...this.topics], since);
  }

  private events(message: Message): void {
    const bars: LiveBar[] = [];
    for (const event of message.events ?? []) {
      if (event.ev !== "AM" && event.ev !== "A") continue;
      bars.push({ symbol: event.sym, kind: event.ev, bar: barOf(event, message.backfilled) });
    }
    if (this.state === "lag") this.become("live", "");
    if (bars.length > 0) this.onBars(bars);
  }

  private notice(message: Message): void {
    const detail = message.detail ?? message.message ?? "";
    if (message.type === "refused") this.become("none", detail);
    else if (message.type === "error" && this.position === null) this.become("none", detail);
    else if (message.type === "gap" || message.type === "disconnected") this.become("gap", detail);
    else if (message.type === "lag") this.become("lag", detail);
    else if (message.type === "backfilled" || message.type === "reconnected") {
      this.become("live", "");
    }
    const end = message.end === undefined ? {} : { end: parseInstant(message.end) };
    this.onNotice({ kind: message.type, detail, ...end });
  }

  private become(state: FeedState, detail: string): void {
    this.state = state;
    this.onState(state, detail);
  }

  private send(message: unknown): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}

function barOf(event: Aggregate, backfilled = false): Bar {
  return {
    time: event.s / 1_000,
    open: event.o,
    high: event.h,
    low: event.l,
    close: event.c,
    volume: event.v,
    vwap: event.vw ?? null,
    ...(backfilled ? { backfilled } : {}),
  };
}
