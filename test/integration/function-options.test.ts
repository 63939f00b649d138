import { beforeAll, describe, expect, it } from "vitest";
import { DECIDING } from "../support/user-functions/deciding.js";
import { functionOptions } from "../support/user-functions/function-options.js";
import { OBSERVING, VERIFYING } from "../support/user-functions/observing.js";
import { REFUSING } from "../support/user-functions/refusing.js";

/** The preset hands these on to the factories of the same names. */
const PARTS =
  /^secureApi\.(?:auditLog|formBody|jsonBody|loadShedding|oauthGuard|rateLimit|requestDeadline|secureHeaders)\./;
/** The methods of a schema of joi: `src/validate/joi/joi.test.ts` has schemas that fail in each of them. */
const JOI = /^validate\.\w+\.(?:describe|prefs|validate|validateAsync)$/;
/** Handed over as it is, to `onDenied`: it is no option, and takes none. */
const HANDED_OVER = /^htmlOrProblem(?:\.|$)/;
const LEFT_OUT = [PARTS, JOI, HANDED_OVER];
/** `test/integration/user-functions.test.ts` tries it by itself: where it fails, nothing is granted. */
const ORIGINS = "secureHeaders.cors.origins";

describe("the functions that apps give to the library", () => {
  let options: readonly string[] = [];

  beforeAll(() => {
    options = functionOptions().filter(
      (option) => !LEFT_OUT.some((pattern) => pattern.test(option)),
    );
  });

  it("are found in the types of the sources", () => {
    expect(options.length).toBeGreaterThan(40);
    expect(options).toContain("rateLimit.policies.key");
    expect(options).toContain("principalFrom");
  });

  it("are each tried with every failure: a new one needs a row in test/support/user-functions", () => {
    const tables = [DECIDING, REFUSING, VERIFYING].flatMap(Object.keys);
    const tried = new Set([...tables, ...OBSERVING, ORIGINS].map((row) => row.split(",")[0]));
    expect(options.filter((option) => !tried.has(option))).toEqual([]);
    expect([...tried].filter((row) => !options.includes(row ?? ""))).toEqual([]);
  });
});
