/** What a finding is about. */
export type FindingRule =
  | "open-route"
  | "unresolved-route"
  | "open-handler"
  | "answers-before-guard"
  | "unused-pattern"
  | "object-rule-missing"
  | "answered-without-credentials"
  | "documented-as-secured"
  | "not-documented"
  | "documented-but-missing"
  | "baseline-outdated";

/** Something about an app that somebody should look at. */
export interface RouteFinding {
  readonly rule: FindingRule;
  /** What is an `error` fails a build. */
  readonly level: "error" | "warning";
  /** One sentence. Paths and names stand in it as they are: escape it. */
  readonly message: string;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  /** What it is about, under the name that baselines know it by. */
  readonly label?: string | undefined;
  /** Named in the baseline: somebody knows of it, and it fails no build. */
  readonly accepted?: boolean | undefined;
}

/** What each rule looks for, in one sentence. */
export const FINDING_RULES: Readonly<Record<FindingRule, string>> = {
  "open-route":
    "No guard that enforces stands in front of the route, and nothing declares it public.",
  "unresolved-route":
    "The path of the route could not be found out, so that nobody knows what guards it.",
  "open-handler":
    "A handler that may answer by itself, such as static files or a proxy, has no guard in front.",
  "answers-before-guard":
    "A handler runs in front of the guard of the route, and may answer before it.",
  "unused-pattern": "A pattern of a preset covers no route of the app.",
  "object-rule-missing":
    "The route takes the id of an object, but no rule asks whose object it is (OWASP API1:2023).",
  "answered-without-credentials": "A request without credentials got past the guard of the route.",
  "documented-as-secured":
    "The OpenAPI document says that the route is secured, but no guard covers it.",
  "not-documented": "The OpenAPI document does not have the route.",
  "documented-but-missing": "The OpenAPI document has a route that the app does not have.",
  "baseline-outdated": "The baseline names what is not open any more.",
};
