/** A mark on an axis of time. */
export interface TimeTick {
  /** Where it stands: 0 at the begin of the axis, 1 at its end. */
  readonly place: number;
  readonly text: string;
}

const MOST = 6;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14].map((count) => count * DAY),
];
const MONTHS: readonly number[] = [1, 2, 3, 6];
/** 1970 began on a Thursday, weeks begin on a Monday. */
const MONDAY = 4 * DAY;
/** A `Date` reaches as far. */
const LAST = 8.64e15;

/**
 * Round times between two others, in milliseconds since the epoch: at most six, of one step, that a person would name.
 * Their texts have the year as soon as one is a day or more.
 */
export function timeTicks(start: number, end: number): readonly TimeTick[] {
  const isOneDay = Math.floor(start / DAY) === Math.floor((end - 1) / DAY);
  for (const step of STEPS) {
    const offset = step >= 7 * DAY ? MONDAY : 0;
    const first = Math.ceil((start - offset) / step) * step + offset;
    if ((end - first) / step >= MOST) continue;
    const times: number[] = [];
    for (let time = first; time <= end; time += step) times.push(time);
    return ticksOf(times, (iso) => {
      if (step >= DAY) return iso.slice(0, 10);
      const clock = iso.slice(11, step < MINUTE ? 19 : 16);
      return isOneDay ? clock : `${iso.slice(5, 10)} ${clock}`;
    });
  }
  for (const step of MONTHS) {
    const times = monthsBetween(start, end, step);
    if (times.length <= MOST) return ticksOf(times, (iso) => iso.slice(0, 7));
  }
  for (let power = 1; ; power *= 10) {
    for (const years of [power, 2 * power, 5 * power]) {
      const times = monthsBetween(start, end, 12 * years);
      if (times.length <= MOST) return ticksOf(times, (iso) => iso.replace(/-.*/, ""));
    }
  }

  function ticksOf(times: readonly number[], textOf: (iso: string) => string): readonly TimeTick[] {
    return times.map((time) => ({
      place: (time - start) / (end - start),
      text: textOf(new Date(time).toISOString()),
    }));
  }
}

/** The first days of every so many months, counted from the year 0; one more than are wanted at most. */
function monthsBetween(start: number, end: number, step: number): readonly number[] {
  const begin = new Date(start);
  const month = 12 * begin.getUTCFullYear() + begin.getUTCMonth();
  const times: number[] = [];
  for (let count = Math.floor(month / step) * step; times.length <= MOST; count += step) {
    const time = Date.UTC(Math.floor(count / 12), count % 12);
    if (!(time <= Math.min(end, LAST))) break;
    if (time >= start) times.push(time);
  }
  return times;
}
