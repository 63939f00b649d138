let second = -1;
let prefix = "";

/** ISO 8601 in UTC with milliseconds. The part up to the second is kept: records come many to a second. */
export function isoTime(milliseconds: number): string {
  const whole = Math.floor(milliseconds / 1000);
  if (whole !== second) {
    prefix = new Date(whole * 1000).toISOString().slice(0, 20);
    second = whole;
  }
  const rest = Math.trunc(milliseconds - whole * 1000);
  return `${prefix}${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}Z`;
}
