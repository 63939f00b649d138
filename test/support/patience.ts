import { vi } from "vitest";

/** What a condition has on a busy machine. It is over as soon as it holds. */
const PATIENCE_MS = 10_000;

const { waitFor, waitUntil } = vi;

// They give up after a second, which no setting changes (that of `expect.poll` stands in the configuration).
vi.waitFor = (callback, options) => waitFor(callback, patient(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options));

function patient<T extends object>(options: number | T | undefined): number | T {
  return typeof options === "number" ? options : ({ timeout: PATIENCE_MS, ...options } as T);
}
