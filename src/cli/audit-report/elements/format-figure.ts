import { escapeMarkup } from "../../../route-audit/formats/escape.js";

/** A whole number, in groups of three digits. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A part of a whole in percent, with as many digits as say something. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  const share = (100 * part) / whole;
  if (share > 0 && share < 0.1) return "< 0.1 %";
  return `${share < 10 && share !== Math.round(share) ? share.toFixed(1) : Math.round(share)} %`;
}

/** Microseconds in the unit that fits. */
export function formatDuration(microseconds: number): string {
  if (microseconds < 1000) return `${microseconds} µs`;
  if (microseconds < 1_000_000) return `${digits(microseconds / 1000)} ms`;
  return `${digits(microseconds / 1_000_000)} s`;
}

/** A length of time in words. */
export function formatWidth(seconds: number): string {
  const units = [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ] as const;
  const [size, name] = units.find(([unit]) => seconds % unit === 0) ?? [1, "second"];
  const number = seconds / size;
  return number === 1 ? name : `${formatCount(number)} ${name}s`;
}

/** A time of the log (ISO 8601 in UTC) as markup, without fractions of a second. */
export function formatTime(iso: string): string {
  const shown = iso.replace("T", " ").replace(/(?:\.\d+)?Z$/, "");
  return `<time datetime="${escapeMarkup(iso)}">${escapeMarkup(shown)}</time>`;
}

/** A text of the log as markup: as it is written, in a direction of its own. Nothing in it is markup. */
export function formatValue(text: string): string {
  return `<code>${escapeMarkup(text)}</code>`;
}

function digits(number: number): string {
  if (number < 10) return number.toFixed(2);
  return number < 100 ? number.toFixed(1) : formatCount(Math.round(number));
}
