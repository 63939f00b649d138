/** ECMA-262, Time Values and Time Range: the last one that a `Date` can hold. */
const MAX_TIME = 8.64e15;

/**
 * Makes a function that writes milliseconds since 1970 as ISO 8601 in UTC with milliseconds. What it wrote last is
 * kept: the times of records come in order, and many to a second. Other orders only cost time. What is no time, as a
 * replaced clock may return, is written as 1970: a record must not fail at it.
 */
export function createIsoTime(): (milliseconds: number) => string {
  let second = -1;
  let prefix = "";
  let last = -1;
  let text = "";

  return function isoTime(time) {
    if (time === last) return text;
    const milliseconds = Math.abs(time) <= MAX_TIME ? time : 0;
    last = milliseconds;
    const whole = Math.floor(milliseconds / 1000);
    if (whole !== second) {
      prefix = new Date(whole * 1000).toISOString().slice(0, 20);
      second = whole;
    }
    const rest = Math.trunc(milliseconds - whole * 1000);
    text = `${prefix}${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}Z`;
    return text;
  };
}
