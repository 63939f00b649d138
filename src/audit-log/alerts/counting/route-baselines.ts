/** What one route does in one window, and what it usually does. */
export interface Usual {
  windowStart: number;
  requests: number;
  /** Of failures, or of milliseconds. */
  sum: number;
  first: number;
  notes: string[];
  /** Windows that it has learned from. */
  learned: number;
  mean: number;
  variance: number;
  /** Windows in a row that were out of the usual. */
  deviations: number;
  quietUntil: number;
}

/** What is out of the usual in a route. */
export interface Deviation {
  readonly count: number;
  readonly first: number;
  readonly notes: readonly string[];
}

/** How a baseline is watched. Windows in which something was told are not learned from. */
interface BaselineLimits {
  readonly windowMs: number;
  /** So many failures, or so many requests, make a window that counts. */
  readonly threshold: number;
  readonly cooldownMs: number;
}

const MAX_NOTES = 5;
/** The part of the last window in the average. */
const WEIGHT = 0.1;
/** So many windows have to be seen. */
const WARM_UP = 30;

/** What a route fails usually while that is not known, and at least: nothing at all would make every failure a spike. */
const UNKNOWN_RATIO = 0.1;
const LEAST_RATIO = 0.01;
const SPIKE_FACTOR = 3;

/** Deviations of the mean are counted in this many standard deviations, of at least this part of the mean. */
const DRIFT_FACTOR = 4;
const LEAST_DEVIATION = 0.1;
const DRIFT_WINDOWS = 3;

/** Nothing is known of the route yet. */
export function createUsual(now: number): Usual {
  return {
    windowStart: now,
    requests: 0,
    sum: 0,
    first: now,
    notes: [],
    learned: 0,
    mean: 0,
    variance: 0,
    deviations: 0,
    quietUntil: Number.NEGATIVE_INFINITY,
  };
}

/**
 * Watches which part of the requests to a route fails. A spike is when, within one window, at least `threshold` requests
 * fail, and more than three times the part that usually does: the moving average of windows, at least 1 %, and 10 %
 * until it has learned from 30 windows with at least `threshold` requests.
 */
export class FailureSpikes {
  readonly #limits: BaselineLimits;

  constructor(limits: BaselineLimits) {
    this.#limits = limits;
  }

  /** @returns The spike, if the request is the one that makes it. */
  observe(usual: Usual, now: number, failed: boolean, note: string): Deviation | undefined {
    const { windowMs, threshold, cooldownMs } = this.#limits;
    if (now - usual.windowStart >= windowMs) this.#endWindow(usual, now);
    usual.requests += 1;
    if (!failed) return undefined;
    if (usual.sum === 0) usual.first = now;
    usual.sum += 1;
    if (usual.sum > threshold - MAX_NOTES) addNote(usual, note);
    const isWarm = usual.learned >= WARM_UP;
    const ratio = isWarm ? Math.max(LEAST_RATIO, usual.mean) : UNKNOWN_RATIO;
    if (usual.sum < threshold || usual.sum <= SPIKE_FACTOR * ratio * usual.requests)
      return undefined;
    usual.deviations = 1;
    if (now < usual.quietUntil) return undefined;
    usual.quietUntil = now + cooldownMs;
    return { count: usual.sum, first: usual.first, notes: [...usual.notes] };
  }

  #endWindow(usual: Usual, now: number): void {
    // Of few requests a part says nothing.
    if (usual.deviations === 0 && usual.requests >= this.#limits.threshold)
      learn(usual, usual.sum / usual.requests);
    beginWindow(usual, now);
    usual.deviations = 0;
  }
}

/**
 * Watches how long a route takes. A window ends with the first request behind its end when it has `threshold` requests.
 * It is a drift when the mean of three windows in a row is more than four standard deviations above the usual mean, each
 * at least a tenth of that. Nothing is told before it has learned from 30 windows.
 */
export class LatencyDrifts {
  readonly #limits: BaselineLimits;

  constructor(limits: BaselineLimits) {
    this.#limits = limits;
  }

  /** @param duration - In milliseconds. @returns The drift, if the request ends the third window of it. */
  observe(usual: Usual, now: number, duration: number, note: string): Deviation | undefined {
    const { windowMs, threshold } = this.#limits;
    const isOver = now - usual.windowStart >= windowMs && usual.requests >= threshold;
    const drift = isOver ? this.#endWindow(usual, now) : undefined;
    usual.requests += 1;
    usual.sum += duration;
    if (usual.deviations === DRIFT_WINDOWS - 1) addNote(usual, note);
    return drift;
  }

  #endWindow(usual: Usual, now: number): Deviation | undefined {
    const mean = usual.sum / usual.requests;
    const deviation = Math.max(Math.sqrt(usual.variance), LEAST_DEVIATION * usual.mean);
    const isSlow =
      usual.learned >= WARM_UP && mean > usual.mean + DRIFT_FACTOR * Math.max(deviation, 1e-9);
    if (!isSlow) {
      usual.deviations = 0;
      learn(usual, mean);
    } else {
      if (usual.deviations === 0) usual.first = usual.windowStart;
      usual.deviations += 1;
    }
    const isDue = usual.deviations >= DRIFT_WINDOWS && now >= usual.quietUntil;
    if (isDue) usual.quietUntil = now + this.#limits.cooldownMs;
    const drift = isDue
      ? { count: usual.requests, first: usual.first, notes: [...usual.notes] }
      : undefined;
    beginWindow(usual, now);
    return drift;
  }
}

function beginWindow(usual: Usual, now: number): void {
  usual.windowStart = now;
  usual.requests = 0;
  usual.sum = 0;
  usual.notes.length = 0;
}

/** The average of the first windows, a moving one later. */
function learn(usual: Usual, value: number): void {
  usual.learned += 1;
  const weight = Math.max(WEIGHT, 1 / usual.learned);
  const distance = value - usual.mean;
  usual.mean += weight * distance;
  usual.variance = (1 - weight) * (usual.variance + weight * distance * distance);
}

function addNote(usual: Usual, note: string): void {
  if (usual.notes.length >= MAX_NOTES) usual.notes.shift();
  usual.notes.push(note);
}
