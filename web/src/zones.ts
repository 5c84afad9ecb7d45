// Where a price lies beside a zone. Pure.

import type { Zone } from "./engines.ts";
import { formatPrice, formatSigned } from "./format.ts";

type Bounds = Pick<Zone, "low" | "high">;

/** Whether a price lies in a zone, its edges included. */
export function holds(zone: Bounds, price: number): boolean {
  return zone.low <= price && price <= zone.high;
}

/** What a zone is to a price, by its centre as a scan has it: that of a scan changes sides once the
 * price has gone through.
 */
export function sideOf({ low, high }: Bounds, price: number): Zone["kind"] {
  return (low + high) / 2 < price ? "support" : "resistance";
}

/** Where a zone lies from a price: `at 50.10: +0.06 (+0.1 ATR) to its centre`. */
export function distanceText(zone: Bounds, price: number, atrDay: number | null): string {
  const distance = (zone.low + zone.high) / 2 - price;
  const atrs = atrDay ? ` (${formatSigned(distance / atrDay, 1, " ATR")})` : "";
  const inside = holds(zone, price) ? ", inside" : "";
  return `at ${formatPrice(price)}: ${formatSigned(distance)}${atrs} to its centre${inside}`;
}
