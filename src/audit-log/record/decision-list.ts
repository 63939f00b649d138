import type { Decision } from "../../core/decision/decision.js";
import { safeText } from "../text/safe-text.js";

/** A list of decisions that requests had, and how it went on. */
interface KnownList {
  readonly texts: readonly string[];
  /** As JSON text. */
  readonly json: string;
  /** The lists with one more decision: by guard where that allowed, else by the text of the decision. */
  readonly allowed: Map<string, KnownList>;
  readonly others: Map<string, KnownList>;
}

const MAX_DECISIONS = 40;
const MAX_KNOWN = 500;

/**
 * Makes a function that writes decisions as a list of texts such as `rateLimit:deny:rate_limit_exceeded`, as JSON.
 *
 * Guards are few and say mostly the same in the same order: a list is looked up, decision by decision.
 */
export function createDecisionList(): (decisions: readonly Decision[]) => string {
  let empty = toKnown([]);
  let known = 0;

  function extend(list: KnownList, { guard, outcome, enforced, code }: Decision): KnownList {
    if (outcome === "allow") {
      return list.allowed.get(guard) ?? keep(list, list.allowed, guard, `${guard}:allow`);
    }
    const text = `${guard}:${enforced ? outcome : "report"}:${code}`;
    return list.others.get(text) ?? keep(list, list.others, text, text);
  }

  function keep(
    list: KnownList,
    longer: Map<string, KnownList>,
    key: string,
    text: string,
  ): KnownList {
    if (known >= MAX_KNOWN) {
      known = 0;
      empty = toKnown([]);
    }
    known += 1;
    const extended = toKnown([...list.texts, text]);
    longer.set(key, extended);
    return extended;
  }

  return function decisionList(decisions) {
    const { length } = decisions;
    let list = empty;
    for (let index = 0; index < length && index < MAX_DECISIONS; index += 1)
      list = extend(list, decisions[index] as Decision);
    if (length <= MAX_DECISIONS) return list.json;
    return `${list.json.slice(0, -1)},"...+${length - MAX_DECISIONS}"]`;
  };
}

function toKnown(texts: readonly string[]): KnownList {
  const json = JSON.stringify(texts.map((text) => safeText(text)));
  return { texts, json, allowed: new Map(), others: new Map() };
}
