import type { Decision } from "../../core/guard/decision.js";
import { jsonMember, jsonText } from "../text/json-text.js";
import type { Verdict } from "./verdict.js";

const MAX_DECISIONS = 40;
/** Guards are few, and what they mostly say is "allow". */
const allowTexts = new Map<string, string>();
const MAX_GUARDS = 200;

/** `audit.decisions` to `audit.reason`: what every guard decided, and what came of it. */
export function decisionMembers(
  decisions: readonly Decision[],
  { refusal, outcome }: Verdict,
): string {
  let list = "";
  for (let index = 0; index < decisions.length && index < MAX_DECISIONS; index += 1) {
    list += (index === 0 ? "" : ",") + decisionText(decisions[index] as Decision);
  }
  if (decisions.length > MAX_DECISIONS) list += `,"...+${decisions.length - MAX_DECISIONS}"`;
  const members = `,"audit.decisions":[${list}],"audit.outcome":"${outcome}"`;
  if (refusal === undefined) return members;
  return (
    members +
    jsonMember("audit.policy", refusal.policy) +
    jsonMember("audit.reason", refusal.reason ?? refusal.code)
  );
}

/** `audit.reported.*`: the first refusal that report mode let through, which is what would have been answered. */
export function reportedMembers({ reported, reportedCount }: Verdict): string {
  if (reported === undefined) return "";
  return (
    `,"audit.reported.code":${jsonText(reported.code)},"audit.reported.count":${reportedCount}` +
    jsonMember("audit.reported.first", reported.guard) +
    jsonMember("audit.reported.policy", reported.policy) +
    jsonMember("audit.reported.reason", reported.reason) +
    jsonMember("audit.reported.rule", reported.rule) +
    (reported.status === undefined ? "" : `,"audit.reported.status":${reported.status}`)
  );
}

/** `audit.token.id`: the token, by its `jti` or a hash. */
export function tokenMember(decisions: readonly Decision[]): string {
  for (const { token } of decisions)
    if (token !== undefined) return jsonMember("audit.token.id", token);
  return "";
}

function decisionText({ guard, outcome, enforced, code }: Decision): string {
  if (outcome !== "allow") return jsonText(`${guard}:${enforced ? outcome : "report"}:${code}`);
  const known = allowTexts.get(guard);
  if (known !== undefined) return known;
  const text = jsonText(`${guard}:allow`);
  if (allowTexts.size < MAX_GUARDS) allowTexts.set(guard, text);
  return text;
}
