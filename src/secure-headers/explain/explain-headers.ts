import { isPlainObject } from "../../core/options/value.js";
import { HEADER_NOTES } from "../headers/header-notes.js";
import type { HeaderCondition, HeaderPlan, PlannedHeader } from "../headers/header-plan.js";
import { helmetName } from "../headers/helmet-options.js";
import { changedHeaders } from "../overrides/changed-headers.js";
import { LEFT_OFF, POWERED_BY, REPORTS, TAKEN_AWAY, TURNED_OFF } from "./left-off.js";

/** What `secureHeaders` does about one header, and why. */
export interface HeaderExplanation {
  readonly header: string;
  /** What is sent; `{nonce}` stands for the nonce of each answer. `undefined`: it is not sent. */
  readonly value: string | undefined;
  /** On which answers, in words. */
  readonly when: string;
  readonly why: string;
  /** What may stop working because of it; of a header that is not sent, what is missing without it. */
  readonly mayBreak: string | undefined;
  /** What decided: `preset api`, or the option, such as `helmet.xFrameOptions` or `pages["/docs/*"]`. */
  readonly source: string;
}

/** A pattern, and the plan of its paths. */
interface PageOfPlan {
  readonly text: string;
  readonly plan: HeaderPlan;
}

const WHEN: Readonly<Record<HeaderCondition, string>> = {
  always: "on every answer",
  overTls: "over TLS, not to localhost or an IP address",
  notOverTls: "without TLS, and to localhost or an IP address",
  publicName: "not to localhost or an IP address",
  authenticated: "if the request has a cookie or Authorization, or the answer sets a cookie",
  unlessSet: "if nothing else has set it",
};

/** What is explained. */
interface Explained {
  /** Its name. */
  readonly preset: string;
  /** As they were given, copied. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly plan: HeaderPlan;
  /** Whether it is the plan of report mode. */
  readonly reports: boolean;
  /** In the order in which they are asked. */
  readonly pages: readonly PageOfPlan[];
}

/** Options beside `helmet` that turn a header off. */
const OPTIONS: Readonly<Record<string, string>> = {
  "Cache-Control": "cacheControl",
  "Permissions-Policy": "permissionsPolicy",
  "Strict-Transport-Security": "hsts",
};

/**
 * Explains a plan: each header that is sent, in order; those that are taken away; those that are left off; and for each
 * pattern of `pages` what is different there.
 */
export function explainHeaders(explained: Explained): readonly HeaderExplanation[] {
  const { plan, pages } = explained;
  const preset = `preset ${explained.preset}`;
  const rows = [
    ...plan.headers.map((header) => sent(header, header.from === "preset" ? preset : header.from)),
    ...plan.removed.map((name) => takenAway(name, preset)),
    ...leftOff(explained, preset),
    ...pages.flatMap((page) => different(page, plan)),
  ];
  return Object.freeze(rows.map((row) => Object.freeze(row)));
}

function sent(header: PlannedHeader, source: string, place = ""): HeaderExplanation {
  const { name, value, when, why, mayBreak } = header;
  return { header: name, value, when: `${WHEN[when]}${place}`, why, mayBreak, source };
}

function takenAway(name: string, preset: string): HeaderExplanation {
  const source = name.toLowerCase() === POWERED_BY.toLowerCase() ? preset : "remove";
  const when = "taken away from every answer";
  return { header: name, value: undefined, when, why: TAKEN_AWAY, mayBreak: undefined, source };
}

function leftOff({ plan, options, reports }: Explained, preset: string): HeaderExplanation[] {
  const there = new Set(plan.headers.map(({ name }) => name));
  const absent = [...LEFT_OFF].filter(
    ([name]) => !there.has(name) && !there.has(`${name}-Report-Only`),
  );
  return absent.map(([header, { why, missing }]) => {
    const option = reports ? "mode" : turnedOff(header, options);
    return {
      header,
      value: undefined,
      when: "left off",
      why: reports ? REPORTS : option === undefined ? why : TURNED_OFF,
      mayBreak: missing,
      source: option ?? preset,
    };
  });
}

/** The option that turns the header off, if one does. */
function turnedOff(header: string, options: Explained["options"]): string | undefined {
  const option = OPTIONS[header];
  if (option !== undefined && options[option] === false) return option;
  const { helmet } = options;
  const wanted = HEADER_NOTES.get(header)?.helmet;
  if (wanted === undefined || !isPlainObject(helmet)) return undefined;
  const named = Object.keys(helmet).find(
    (name) => helmetName(name) === wanted && helmet[name] === false,
  );
  return named === undefined ? undefined : `helmet.${named}`;
}

function different({ text, plan }: PageOfPlan, elsewhere: HeaderPlan): HeaderExplanation[] {
  const place = ` of ${text}`;
  const source = `pages["${text}"]`;
  const { headers } = changedHeaders(elsewhere, plan);
  const gone = elsewhere.headers.filter(
    ({ name }) => !plan.headers.some((header) => header.name === name),
  );
  return [
    ...headers.map((header) => sent(header, source, place)),
    ...gone.map(({ name, why }) => ({
      header: name,
      value: undefined,
      when: `left off on answers${place}`,
      why: TURNED_OFF,
      mayBreak: why,
      source,
    })),
  ];
}
