// The colours of the style sheet, for what is drawn on a canvas.

export interface Theme {
  dark: boolean;
  background: string;
  text: string;
  dim: string;
  grid: string;
  up: string;
  down: string;
  support: string;
  resistance: string;
  pivot: string;
  vwap: string;
  profile: string;
  swing: string;
  preMarket: string;
  postMarket: string;
  overnight: string;
  font: string;
}

const DARK = window.matchMedia("(prefers-color-scheme: dark)");

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    dark: DARK.matches,
    background: of("background"),
    text: of("text"),
    dim: of("dim"),
    grid: of("gridline"),
    up: of("up"),
    down: of("down"),
    support: of("support"),
    resistance: of("resistance"),
    pivot: of("pivot"),
    vwap: of("vwap"),
    profile: of("profile"),
    swing: of("swing"),
    preMarket: of("pre-market"),
    postMarket: of("post-market"),
    overnight: of("overnight"),
    font: of("font"),
  };
}

export function onThemeChange(call: () => void): void {
  DARK.addEventListener("change", call);
}

/** A colour of the form #rrggbb with an opacity from 0 to 1. */
export function withAlpha(colour: string, alpha: number): string {
  const value = Math.round(Math.min(1, Math.max(0, alpha)) * 255);
  return `${colour}${value.toString(16).padStart(2, "0")}`;
}
