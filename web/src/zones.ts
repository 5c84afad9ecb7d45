// Where a price lies beside a zone. Pure.

import type { Zone } from "./engines.ts";
import { formatPrice, formatSigned } from "./format.ts";

/** Whether a price lies in a zone, its edges included. */
export function holds(zone: Pick<Zone, "low" | "high">, price: number): boolean {
  return zone.low <= price && price <= zone.high;
}

/** Where a zone lies from the price of its scan: `at 50.10: +0.06 (+0.1 ATR) to its centre`. */
export function distanceText(zone: Zone, price: number): string {
  const atrs = formatSigned(zone.distance_atr, 1, " ATR");
  const inside = holds(zone, price) ? ", inside" : "";
  return `at ${formatPrice(price)}: ${formatSigned(zone.distance)} (${atrs}) to its centre${inside}`;
}
