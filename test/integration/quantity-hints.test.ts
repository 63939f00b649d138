import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonBody, oauthGuard, rateLimit, secureHeaders } from "../../src/index.js";

const ISSUER = { issuer: "https://idp.example.com/", audience: "https://api.example.com" };
const guard = (options: object) => oauthGuard({ ...ISSUER, ...options } as never);
const store = { consume: () => [] };

/** Every quantity among the options, and how it is given. */
const QUANTITIES: readonly (readonly [name: string, create: (value: unknown) => unknown])[] = [
  ["rateLimit.window", (window) => rateLimit({ limit: 1, window } as never)],
  [
    "rateLimit.storeTimeout",
    (storeTimeout) =>
      rateLimit({ limit: 1, window: "1m", name: "a", store, storeTimeout } as never),
  ],
  [
    "cors.maxAge",
    (maxAge) => secureHeaders({ cors: { origins: "https://a.example", maxAge } } as never),
  ],
  ["hsts.maxAge", (maxAge) => secureHeaders({ hsts: { maxAge } } as never)],
  ["jsonBody.limit", (limit) => jsonBody({ limit } as never)],
  ["clockTolerance", (clockTolerance) => guard({ clockTolerance })],
  ["maxTokenAge", (maxTokenAge) => guard({ maxTokenAge })],
  ["maxTokenSize", (maxTokenSize) => guard({ maxTokenSize })],
  ["cache.ttl", (ttl) => guard({ cache: { ttl } })],
  ["keys.maxAge", (maxAge) => guard({ keys: { maxAge } })],
  ["keys.maxStale", (maxStale) => guard({ keys: { maxStale } })],
  ["keys.maxStale after", (maxStale) => guard({ keys: { maxAge: "20h", maxStale } })],
  ["keys.cooldown", (cooldown) => guard({ keys: { cooldown } })],
  ["keys.timeout", (timeout) => guard({ keys: { timeout } })],
  ["keys.maxSize", (maxSize) => guard({ keys: { maxSize } })],
];

const counts = fc.oneof(
  fc.constantFrom(1, 5, 50, 500, 999, 1000, 1500, 3600, 60_000, 86_400, 3_600_000, 86_400_000),
  fc.integer({ min: -5, max: 100_000 }),
  fc.constantFrom(Number.NaN, 0.5, 1.5, Number.MAX_SAFE_INTEGER),
);
const words = fc.constantFrom(
  ...["", "millis", "msec", "sec", " seconds", "S", "min", " minutes", "M", "hours", "days", "w"],
  ...["byte", "k", "KB", "mib", "GB", "ms", "s", "d", "b", "kb", "parsecs"],
);
const wrong = fc.oneof(
  counts,
  fc.tuple(counts, words).map(([count, word]) => `${count}${word}`),
  fc.constantFrom<unknown[]>(null, true, "", {}),
);

function messageOf(create: () => unknown): string {
  try {
    create();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

/** The texts that a message says to write: all that are quoted but the one that it got. */
function hintsIn(message: string): readonly string[] {
  const said = message.replaceAll(/got "[^"]*"/g, "");
  return [...said.matchAll(/"(\d[^"]*)"/g)].map(([, hint = ""]) => hint);
}

describe("what the error about a quantity says to write", () => {
  it.each(QUANTITIES)("is a value that passes: %s", (_name, create) => {
    fc.assert(
      fc.property(wrong, (value) => {
        for (const hint of hintsIn(messageOf(() => create(value)))) {
          expect([value, hint, messageOf(() => create(hint))]).toEqual([value, hint, ""]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each(QUANTITIES)("is said at all: %s", (_name, create) => {
    expect(hintsIn(messageOf(() => create("long")))).toHaveLength(1);
  });

  it("is in whole seconds where only these count", () => {
    const message = messageOf(() =>
      secureHeaders({ cors: { origins: "https://a.example", maxAge: 5 as never } }),
    );
    expect(message).toContain('a bare number has no unit, write "5s" for seconds');
    expect(message).not.toContain("5ms");
  });
});
