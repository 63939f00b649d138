import { type Answer, isPage, nameOf } from "../client/answer.js";
import { everyAnswer, type Samples } from "./sample-answers.js";
import type { ScanContext } from "./scan-context.js";

/** How much of a text is looked at: what a server sends must not cost more than that. */
const MAX_LINES = 2000;
const MAX_LINE = 400;

const STACK =
  /^(?:\s|&nbsp;|\\t)*at .*:\d+(?::\d+)?\)?|^Traceback \(most recent call last\)|Stack trace:|\bin <b>.*<\/b> on line <b>\d/;
const PATH =
  /\/(?:home|usr|var|app|srv|opt|root|Users|workspace|private)\/[\w.@/-]*\.(?:[cm]?[jt]sx?|py|rb|php|java|ejs|pug|hbs)\b|[A-Za-z]:\\{1,2}[\w.\\-]+\.[cm]?[jt]s\b|\bnode_modules[\\/]/;
const INTERNALS =
  /Unexpected (?:token|end of JSON|non-whitespace)|in JSON at position|\bjwt (?:malformed|must be)|Invalid Compact JWS|Failed to decode param|\b(?:Syntax|Type|Reference|URI|Range)Error\b|SQLSTATE|\bE(?:CONNREFUSED|NOTFOUND|ACCES|NOENT)\b|\b(?:Mongo|Sequelize|Prisma)\w*Error\b/;
const FRAMEWORK =
  /<pre>Cannot (?:GET|HEAD|POST|PROPFIND) |"Route \w+:[^"]* not found"|Whitelabel Error Page|<center>(?:nginx|openresty|cloudflare)|<address>Apache|Werkzeug/;

/** Looks for what errors tell: stack traces, paths, words of packages; and at their form. */
export function checkErrors(
  { notes, mark }: Pick<ScanContext, "notes" | "mark">,
  samples: Samples,
): void {
  const { main, errors } = samples;
  const isPageApp = isPage(main) && main.status < 400;
  for (const answer of everyAnswer(samples)) {
    const at = nameOf(answer.request);
    // Of an answer that is none, nobody knows what the app would say.
    if ([429, 502, 503, 504].includes(answer.status)) {
      notes.unchecked("errors", `${at} was answered ${answer.status}`);
    } else if (answer.status >= 500 && answer.status !== 501) {
      notes.found("error-5xx", at, `status ${answer.status}`);
    }
    if (answer.status < 400) continue;
    if (answer.unread !== undefined) {
      notes.unchecked("errors", `the content of ${at} cannot be read: ${answer.unread}`);
    }
    checkWords(answer, notes);
    const wantsData = answer.request.headers?.["Accept"] === undefined;
    if (wantsData && !isPageApp && isPage(answer) && answer.body !== "") {
      notes.found("error-html", at, `status ${answer.status} with text/html`);
    }
  }
  for (const answer of errors) {
    if (isPage(answer) && answer.body.includes(`<svg id=${mark}>`)) {
      notes.found("error-markup", nameOf(answer.request), `<svg id=${mark}>`);
    }
  }
}

function checkWords(answer: Answer, notes: ScanContext["notes"]): void {
  const at = nameOf(answer.request);
  const lines = linesOf(answer.body);
  const first = (pattern: RegExp): string | undefined => {
    for (const line of lines) {
      const found = pattern.exec(line);
      if (found !== null) return line.slice(found.index).trim();
    }
    return undefined;
  };
  const stack = first(STACK);
  if (stack !== undefined) notes.found("error-stack", at, stack);
  const path = first(PATH);
  if (stack === undefined && path !== undefined) notes.found("error-path", at, path);
  const words = first(INTERNALS);
  if (words !== undefined) notes.found("error-internals", at, words);
  const framework = first(FRAMEWORK);
  if (framework !== undefined) notes.found("error-framework", at, framework);
}

/** Also those that stand in a text of JSON or in a page. */
function linesOf(body: string): readonly string[] {
  return body.split(/\r?\n|<br *\/?>|\\n/, MAX_LINES).map((line) => line.slice(0, MAX_LINE));
}
