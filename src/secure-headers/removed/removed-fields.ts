import { dropHeadFields } from "../../core/answer/head-fields.js";
import type { AnswerWatcher } from "../../core/answer/watch-answer.js";
import { isToken } from "../../core/http/header-values.js";
import type { OptionsReader } from "../../core/options/options-reader.js";

/** Without these an answer is another one: its framing, what its body is, whom it is for. */
const NEEDED =
  /^(?:accept-ranges|access-control-.*|allow|cache-control|connection|content-(?:disposition|encoding|length|range|type)|date|keep-alive|location|proxy-authenticate|retry-after|set-cookie|trailer|transfer-encoding|upgrade|vary|www-authenticate)$/i;
/** What this library sets. */
const OWN =
  /^(?:content-security-policy.*|cross-origin-.*|origin-agent-cluster|permissions-policy|referrer-policy|reporting-endpoints|strict-transport-security|x-content-type-options|x-frame-options|x-dns-prefetch-control|x-download-options|x-permitted-cross-domain-policies|x-xss-protection)$/i;

/** Reads `remove`. Problems are noted. */
export function readRemoved(reader: OptionsReader<"remove">): readonly string[] {
  return reader.strings("remove", { check: fieldFault }) ?? [];
}

/** Takes the fields away just before the head is sent, whoever has set them. `undefined` where there are none. */
export function createFieldRemover(names: readonly string[]): AnswerWatcher | undefined {
  if (names.length === 0) return undefined;
  const lower = new Set(names.map((name) => name.toLowerCase()));
  return {
    onHead(_req, res, _status, fields) {
      for (const name of lower) if (res.hasHeader(name)) res.removeHeader(name);
      return dropHeadFields(fields, lower);
    },
  };
}

function fieldFault(name: string): string | undefined {
  if (!isToken(name)) return "must be the name of a header field";
  if (/^x-powered-by$/i.test(name)) return "must not be X-Powered-By: it is removed already";
  if (OWN.test(name))
    return "must not be a header that secureHeaders sets: turn it off by its own option, such as helmet: { xFrameOptions: false }";
  return NEEDED.test(name)
    ? "must not be a header that answers need: clients would read the answer otherwise"
    : undefined;
}
