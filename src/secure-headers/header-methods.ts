import type { Guard } from "../core/guard/guard.js";
import type { Middleware } from "../core/guard/middleware.js";
import { OptionsReader } from "../core/options/options-reader.js";
import { ProblemList } from "../core/options/problem-list.js";
import { assertCalled } from "../core/options/uncalled-factory.js";
import { explainHeaders, type HeaderExplanation } from "./explain/explain-headers.js";
import type { HeaderSets } from "./header-sets.js";
import type { PresetName } from "./headers/presets.js";
import type { PageHeaders } from "./overrides/header-overrides.js";
import { type PlannedOptions, readOverrides } from "./overrides/read-overrides.js";
import type { PageRule } from "./overrides/read-pages.js";

/** What the middleware that `secureHeaders` returns can do besides. */
export interface HeaderMethods {
  /**
   * A middleware that changes headers for the routes behind it: `app.use("/docs", headers.override("swagger-ui"))`. Mount it
   * behind `secureHeaders`. What it does not name stays, `frame-ancestors` as well. Of two, the inner one counts alone.
   *
   * It decides nothing: CORS, the cross-origin guard and `mode` are those of `secureHeaders`.
   *
   * @throws {@link OptionsError} when an option is unknown, wrong or dangerous.
   */
  readonly override: (overrides: PageHeaders) => Middleware;
  /**
   * Says of each header what is sent, why, what it may break and which option decided; also what is left off, and what is
   * different on the paths of `pages`. Frozen plain data, for `console.table()` and tests. It does not know what
   * other middlewares and handlers set.
   */
  readonly explain: () => readonly HeaderExplanation[];
}

/** What is known of the middleware that gets the methods. */
interface Described {
  readonly guard: Guard;
  readonly preset: PresetName;
  readonly base: PlannedOptions;
  readonly pages: readonly PageRule[];
  readonly sets: HeaderSets;
}

const NAME = "secureHeaders.override";
const EXAMPLE = 'headers.override("swagger-ui")';

/** Makes the methods of one middleware. */
export function createHeaderMethods(described: Described): HeaderMethods {
  const { guard, preset, base, pages, sets } = described;

  function override(overrides: PageHeaders): Middleware {
    assertCalled(NAME, overrides, EXAMPLE);
    const problems = new ProblemList();
    const parent = new OptionsReader<"pages">(guard.name, {}, { pages: true }, {}, problems);
    const planned = readOverrides(parent, "override", overrides, [base, ...pages], guard.mode);
    problems.finish();
    const write = sets.override(planned.map(({ plan }) => plan));
    return guard.middleware(
      (req, res, next) => {
        write(req, res);
        guard.pass(next);
      },
      { rule: "override" },
    );
  }

  function explain(): readonly HeaderExplanation[] {
    return explainHeaders({
      preset,
      options: base.options,
      plan: base.plan,
      reports: !guard.enforced,
      pages: pages.map(({ pattern, plan }) => ({ text: pattern.text, plan })),
    });
  }

  return { override, explain };
}
