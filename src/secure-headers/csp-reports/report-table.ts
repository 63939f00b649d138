import type { BrowserReport, ReceivedReports } from "../../core/decision/browser-report.js";
import type { ReadReports } from "./read-reports.js";

/** How much a collector keeps. */
export interface TableSettings {
  /** New reports in a minute. */
  readonly maxPerMinute: number;
  /** How long the same report counts as known, in milliseconds. */
  readonly repeatAfter: number;
}

const MINUTE_MS = 60_000;
/** Known reports, of which each has less than a kilobyte. */
const MAX_KNOWN = 1000;

/** Tells new reports from known ones, in bounded memory, and lets so many new ones pass in a minute. */
export class ReportTable {
  readonly #settings: TableSettings;
  /** When each was recorded, on the clock of `performance.now()`. The one that came last stands last. */
  readonly #known = new Map<string, number>();
  #minute = Number.NEGATIVE_INFINITY;
  #spent = 0;

  constructor(settings: TableSettings) {
    this.#settings = settings;
  }

  /** Sorts the reports of one request. Every one of them is counted once. */
  receive({ reports, ignored, beyond }: ReadReports): ReceivedReports {
    const now = performance.now();
    const recorded: BrowserReport[] = [];
    let repeated = 0;
    for (const report of reports) {
      const key = keyOf(report);
      if (this.#isKnown(key, now)) repeated += 1;
      else if (this.#takeRoom(now)) {
        this.#remember(key, now);
        recorded.push(report);
      }
    }
    const dropped = beyond + reports.length - recorded.length - repeated;
    return Object.freeze({ recorded: Object.freeze(recorded), repeated, dropped, ignored });
  }

  #isKnown(key: string, now: number): boolean {
    const since = this.#known.get(key);
    if (since === undefined) return false;
    this.#known.delete(key);
    if (now - since >= this.#settings.repeatAfter) return false;
    this.#known.set(key, since);
    return true;
  }

  #takeRoom(now: number): boolean {
    if (now - this.#minute >= MINUTE_MS) {
      this.#minute = now;
      this.#spent = 0;
    }
    if (this.#spent >= this.#settings.maxPerMinute) return false;
    this.#spent += 1;
    return true;
  }

  #remember(key: string, now: number): void {
    this.#known.set(key, now);
    if (this.#known.size <= MAX_KNOWN) return;
    const [oldest = ""] = this.#known.keys();
    this.#known.delete(oldest);
  }
}

/** The same directive, origin and place in a file: which page it was, and which file of that origin, does not matter. */
function keyOf({ type, rule, blocked, source, line, disposition }: BrowserReport): string {
  return JSON.stringify([type, rule, disposition, originOf(blocked), source, line]);
}

function originOf(blocked: string | undefined): string | undefined {
  return blocked?.split("/", 3).join("/");
}
