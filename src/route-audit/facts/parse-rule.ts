import type { Requirement } from "../../core/guard/guard-details.js";

/** Rules that look at the object of the request, or at the request itself: they can tell one caller's object from another's. */
const OBJECT_RULES: readonly string[] = ["owner", "ownParam", "sameTenant", "when", "policy"];

const NAMES = {
  scope: { type: "scope", match: "all" },
  "scope.any": { type: "scope", match: "any" },
  role: { type: "role", match: "any" },
  permission: { type: "permission", match: "all" },
  "permission.any": { type: "permission", match: "any" },
} as const;

/** Rules within rules beyond this stay words. */
const MAX_DEPTH = 20;
const CALL = /^([A-Za-z][\w.]*)\((.*)\)$/s;

/**
 * Reads the words in which a brand says what a guard demands: `any(role(admin), scope(a, b))`. For guards that give no
 * details, such as wrapped ones. Names can hold commas and brackets, so what is ambiguous stays words.
 */
export function parseRule(rule: string, depth = 0): Requirement {
  const words: Requirement = { type: "other", rule };
  const [, head = "", inner = ""] = CALL.exec(rule) ?? [];
  const items = splitArguments(inner);
  if (items === undefined || depth > MAX_DEPTH) return words;
  if (OBJECT_RULES.includes(head)) return { type: "object", rule };
  if (head === "all" || head === "any")
    return { type: head, of: items.map((item) => parseRule(item, depth + 1)) };
  if (head === "not" && items.length === 1) return { type: "not", of: parseRule(inner, depth + 1) };
  if (!Object.hasOwn(NAMES, head) || /[()]/.test(inner)) return words;
  return { ...NAMES[head as keyof typeof NAMES], names: items };
}

/** The arguments of a call, or `undefined` where the brackets do not match. */
function splitArguments(text: string): readonly string[] | undefined {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === "(") depth += 1;
    else if (text[index] === ")") depth -= 1;
    else if (depth === 0 && text.startsWith(", ", index)) {
      items.push(text.slice(start, index));
      start = index + 2;
    }
    if (depth < 0) return undefined;
  }
  items.push(text.slice(start));
  return depth === 0 && items.every((item) => item !== "") ? items : undefined;
}
