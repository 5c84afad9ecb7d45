// Backfills and repairs under way: how far they are, how long they take, and an end to them.

import { API, messageOf, type Api } from "../api.ts";
import { fill, h, setClass, setText } from "../dom.ts";
import { formatAge, formatCount } from "../format.ts";

/** A job of `/api/v1/jobs`. */
export interface Job {
  id: string;
  kind: string;
  state: "waiting" | "running" | "done" | "partial" | "failed" | "cancelled";
  symbols: string[];
  symbol_count: number;
  unit: string;
  total: number | null;
  done: number;
  failed: number;
  bars: number;
  requests: number;
  eta_seconds: number | null;
  doing: string;
  failures: string[];
  error: string | null;
}

const EVERY_MS = 1_000;
const SHOWN = 8;

export function isOpen(job: Job): boolean {
  return job.state === "waiting" || job.state === "running";
}

/** `AAPL, MSFT and 8 more`. */
export function symbolsText({ symbols, symbol_count }: Job): string {
  const shown = symbols.slice(0, 3);
  const more = symbol_count - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${formatCount(more)} more` : shown.join(", ");
}

/** How far a job is, in words. */
export function progressText(job: Job): string {
  const { done, total, unit, bars, requests, failed, eta_seconds: eta } = job;
  const parts = [
    total === null ? job.state : `${formatCount(done)} of ${formatCount(total)} ${unit}`,
    `${formatCount(bars)} bars`,
    `${formatCount(requests)} requests`,
  ];
  if (failed > 0) parts.push(`${formatCount(failed)} failed`);
  if (isOpen(job) && eta !== null) parts.push(`about ${formatAge(eta)} left`);
  if (!isOpen(job)) parts.push(job.state);
  return parts.join(" · ");
}

interface Item {
  element: HTMLElement;
  show: (job: Job) => void;
}

export class Jobs {
  onEnd: () => void = () => undefined;
  private readonly api: Api;
  private readonly place: HTMLElement;
  private readonly isShown: () => boolean;
  private timer: number | undefined;
  private open = new Set<string>();
  private items = new Map<string, Item>();

  constructor(api: Api, place: HTMLElement, isShown: () => boolean) {
    this.api = api;
    this.place = place;
    this.isShown = isShown;
  }

  /** Read them now, and again as long as one of them is open and in sight. */
  async follow(): Promise<void> {
    window.clearTimeout(this.timer);
    try {
      const { jobs } = await this.api.get<{ jobs: Job[] }>(`${API}/jobs`);
      this.draw(jobs);
    } catch (error) {
      const text = messageOf(error);
      if (text !== null) fill(this.place, h("p", { class: "warn" }, text));
    }
    window.clearTimeout(this.timer);
    if (this.open.size > 0 && this.isShown()) {
      this.timer = window.setTimeout(() => void this.follow(), EVERY_MS);
    }
  }

  private draw(jobs: readonly Job[]): void {
    const before = this.open;
    this.open = new Set(jobs.filter(isOpen).map(({ id }) => id));
    const some = jobs.slice(0, SHOWN);
    const known = new Map(some.map((job) => [job.id, this.items.get(job.id) ?? this.itemOf(job)]));
    if (some.some(({ id }) => !this.items.has(id)) || this.items.size === 0) {
      const none = h("p", { class: "dim" }, "None.");
      const list = h("ul", { class: "jobs" }, ...[...known.values()].map(({ element }) => element));
      fill(this.place, some.length === 0 ? none : list);
    }
    this.items = known;
    for (const job of some) known.get(job.id)?.show(job);
    if ([...before].some((id) => !this.open.has(id))) this.onEnd();
  }

  /** The line of a job. It stays, and with it the focus, while its figures change. */
  private itemOf(job: Job): Item {
    const name = `${job.kind} ${symbolsText(job)}`;
    const bar = h("progress", { "aria-label": name, max: 1 });
    const text = h("span");
    const cancel = h("button", { type: "button", onclick: () => void this.cancel(job.id) }, "Cancel");
    const trouble = h("p", { class: "warn" });
    const element = h("li", { "data-job": job.id }, h("b", {}, name), bar, text, cancel, trouble);
    const show = (now: Job) => {
      element.className = now.state;
      if (now.total === null) bar.removeAttribute("value");
      else bar.value = now.total === 0 ? 1 : now.done / now.total;
      setText(text, progressText(now));
      setClass(bar, "hidden", !isOpen(now));
      setClass(cancel, "hidden", !isOpen(now));
      const reason = now.error ?? now.failures[0] ?? "";
      setText(trouble, reason);
      setClass(trouble, "hidden", reason === "");
    };
    return { element, show };
  }

  private async cancel(id: string): Promise<void> {
    try {
      await this.api.remove(`${API}/jobs/${encodeURIComponent(id)}`);
    } catch (error) {
      const text = messageOf(error);
      if (text !== null) fill(this.place, h("p", { class: "warn" }, text));
      return;
    }
    await this.follow();
  }
}
