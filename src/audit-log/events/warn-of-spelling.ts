import { closest } from "../../core/options/spelling.js";
import { OWASP_EVENT_NAMES } from "./owasp-events.js";

/** An app has some dozens of names; one that makes them up gets no more warnings. */
const MAX_NAMES = 200;
const vocabulary: ReadonlySet<string> = new Set(OWASP_EVENT_NAMES);
// Of the process: what is misspelt is misspelt whichever log runs, and one warning is enough.
const seen = new Set<string>();

/**
 * Warns once of an event whose name is nearly one of the vocabulary: it is recorded, but as an event of the app, of which
 * neither the outcome nor any rule is known.
 *
 * @param name - Spelt as the name of an event is.
 */
export function warnOfSpelling(name: string): void {
  if (vocabulary.has(name) || seen.has(name) || seen.size >= MAX_NAMES) return;
  seen.add(name);
  const meant = closest(name, vocabulary);
  if (meant === undefined) return;
  process.emitWarning(
    `auditEvent: "${name}" is not in the vocabulary of OWASP and was recorded as an event of your own. Did you mean "${meant}"?`,
    { code: "EXPRESS_SECURE_API_AUDIT_EVENT" },
  );
}
