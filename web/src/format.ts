// Numbers and ages as a trader reads them. Pure.

const NONE = "–";

/** Decimals of a price: at least cents, four below a dollar. */
export function decimalsOf(price: number): number {
  return Math.abs(price) < 1 ? 4 : 2;
}

export function formatPrice(price: number | null | undefined): string {
  if (price === null || price === undefined || !Number.isFinite(price)) return NONE;
  return price.toLocaleString("en-US", {
    minimumFractionDigits: decimalsOf(price),
    maximumFractionDigits: decimalsOf(price),
  });
}

/** A number with its sign: +1.25, −0.40. */
export function formatSigned(value: number | null | undefined, digits = 2, unit = ""): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const text = Math.abs(value).toFixed(digits);
  const sign = Number(text) === 0 ? "" : value > 0 ? "+" : "\u2212";
  return `${sign}${text}${unit}`;
}

export function formatNumber(value: number | null | undefined, digits = 2, unit = ""): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  return `${value.toFixed(digits)}${unit}`;
}

/** A volume in four figures: 812, 14.2k, 3.05M. */
export function formatVolume(volume: number | null | undefined): string {
  if (volume === null || volume === undefined || !Number.isFinite(volume)) return NONE;
  for (const [size, unit] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]] as const) {
    if (volume >= size * 0.9995) {
      const scaled = volume / size;
      return `${scaled.toFixed(scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0)}${unit}`;
    }
  }
  return volume.toFixed(0);
}

/** An age in seconds: 4 s, 12 min, 3 h, 2 d. */
export function formatAge(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NONE;
  const age = Math.max(0, seconds);
  if (age < 60) return `${Math.floor(age)} s`;
  if (age < 3_600) return `${Math.floor(age / 60)} min`;
  if (age < 86_400) return `${Math.floor(age / 3_600)} h`;
  return `${Math.floor(age / 86_400)} d`;
}

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return NONE;
  for (const [size, unit] of [[2 ** 30, "GB"], [2 ** 20, "MB"], [2 ** 10, "kB"]] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}

export function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? NONE : count.toLocaleString("en-US");
}
