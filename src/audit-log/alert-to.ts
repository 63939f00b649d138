import { BlockList, isIPv6 } from "node:net";
import { promiseOf } from "../core/calls/follow.js";
import { isInstance } from "../core/calls/is-instance.js";
import { OutsideScope } from "../core/calls/outside-scope.js";
import { safeChannel } from "../core/decision/safe-channel.js";
import { addressNetwork, normalizeAddress } from "../core/http/client-address.js";
import { readTrustedPeers } from "../core/http/trusted-peers.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { closest } from "../core/options/spelling.js";
import { assertNoMiddleware } from "../core/options/uncalled-factory.js";
import { describeValue } from "../core/options/value.js";
import type { AlertBlocks, AlertToOptions, BlockingLimiter } from "./alert-to-options.js";
import { ALERT_CHANNEL, type Alert, keyOfAlert } from "./alerts/rules/alert.js";
import { DEFAULT_ALERTS } from "./alerts/rules/default-rules.js";
import { safeText } from "./text/safe-text.js";

const KEYS: OptionKeys<AlertToOptions> = {
  rules: true,
  for: true,
  policy: "neverUndefined",
  by: true,
  except: "neverUndefined",
};
/** Its default is not that of others, where `false` is no list. */
const EXCEPT = "write except: a list of addresses and networks, in place of the private ones";
/** What tools that ban call it. */
export const ALERT_TO_HINTS: Hints<AlertToOptions> = {
  rule: "rules",
  duration: "for",
  bantime: "for",
  ignoreip: EXCEPT,
  allowlist: EXCEPT,
  whitelist: EXCEPT,
  key: "by",
};
const CALL = 'alertTo(limiter, { rules: ["auth-burst"], for: "10m" })';
/** They are about no client. */
const ABOUT_NOBODY: readonly string[] = ["limit-storm", "5xx-spike", "latency-drift", "audit-gap"];
const PRIVATE = Object.freeze([
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1",
  "fc00::/7",
  "fe80::/10",
]);
/** Whoever can set off alerts in the name of others must not lock out the world. */
const MOST_IN_A_MINUTE = 100;
const MINUTE = 60_000;
/** For documentation (RFC 5737). */
const NOBODY = "192.0.2.1";

const MAX_WHY = 1000;
/** Of the networks of IPv6 that limits count together, by default. */
const LIMIT_PREFIX = 56;

const alerts = safeChannel(ALERT_CHANNEL);

/**
 * Lets alerts block clients: each alert of the named rules, of any `auditLog` in this process, calls `block` of the limiter,
 * which refuses the client for as long as you say. At most 100 in a minute are blocked.
 *
 * Think before you use it (OWASP: actions that logs drive must not deny service to users). An address may stand for an
 * office or a mobile network, and may be forged where `trust proxy` is wrong; whoever fails in the name of others has them
 * blocked.
 *
 * @throws {@link OptionsError} with every problem of the options.
 */
export function alertTo(limiter: BlockingLimiter, options: AlertToOptions): AlertBlocks {
  assertNoMiddleware("alertTo", limiter, CALL);
  const settings = readSettings(limiter, options);
  const { rules, duration, policy, by, isSpared } = settings;
  // Blocks belong to no request.
  const nobody = new OutsideScope("ExpressSecureApiAlertTo");
  const stats = { blocked: 0, spared: 0, failed: 0 };
  const warned = new Set<string>();
  let minuteEnds = Number.NEGATIVE_INFINITY;
  let inMinute = 0;

  function mayBlock(): boolean {
    const now = performance.now();
    if (now >= minuteEnds) {
      minuteEnds = now + MINUTE;
      inMinute = 0;
    }
    inMinute += 1;
    return inMinute <= MOST_IN_A_MINUTE;
  }

  function targetOf(key: string): { readonly policy?: string; readonly key: string } {
    return { ...(policy === undefined ? {} : { policy }), key };
  }

  function fail(error: unknown): void {
    stats.failed += 1;
    warn(error);
  }

  /** @param why - What of the error may be printed. */
  function warn(error: unknown, why = ""): void {
    // A fault of the options and one of the store: each is told once.
    const kind = isInstance(error, TypeError) ? "does not fit the limiter" : "has failed";
    if (warned.has(kind)) return;
    warned.add(kind);
    process.emitWarning(`alertTo: block() ${kind}${why}. Alerts do not block.`, {
      code: "EXPRESS_SECURE_API_ALERT_TO",
    });
  }

  /** Default rules count by several kinds of keys; one of the app, by this one only. */
  function warnOfKind(rule: string, kind: string): void {
    if ((DEFAULT_ALERTS as readonly string[]).includes(rule) || warned.has(rule)) return;
    warned.add(rule);
    const counted = kind === "own" ? "what a function returns" : kind;
    process.emitWarning(
      `alertTo: a rule that it names counts by ${counted}, not by ${by}, and blocks nobody.`,
      { code: "EXPRESS_SECURE_API_ALERT_TO" },
    );
  }

  function onAlert(message: unknown): void {
    const key = keyOfAlert(message);
    if (key === undefined) return;
    const { rule, key: told } = message as Alert;
    if (!rules.includes(rule)) return;
    if (told.kind !== by) {
      warnOfKind(rule, told.kind);
      return;
    }
    if (isSpared(key) || !mayBlock()) {
      stats.spared += 1;
      return;
    }
    nobody.runInAsyncScope(() => {
      let made: unknown;
      try {
        made = limiter.block(targetOf(key), duration);
      } catch (error) {
        fail(error);
        return;
      }
      promiseOf(made).then(() => {
        stats.blocked += 1;
      }, fail);
    });
  }

  checkFit(limiter, targetOf(by === "address" ? NOBODY : "nobody"), warn);
  alerts.subscribe(onAlert);
  return {
    close: () => void alerts.unsubscribe(onAlert),
    stats: () => Object.freeze({ ...stats }),
  };
}

/** Whether the policy exists and may block is a fault of the options, known now; that its store is away is none. */
function checkFit(
  limiter: BlockingLimiter,
  target: { readonly key: string },
  warn: (error: TypeError, why: string) => void,
): void {
  const tell = (error: unknown): void => {
    // Asked about nobody, so that no client stands in it.
    if (isInstance(error, TypeError)) warn(error, whyOf(error));
  };
  if (typeof limiter.unblock !== "function") return;
  try {
    promiseOf(limiter.unblock(target)).then(undefined, tell);
  } catch (error) {
    tell(error);
  }
}

function whyOf(error: TypeError): string {
  try {
    const { message } = error;
    return typeof message === "string" ? `: ${safeText(message, MAX_WHY)}` : "";
  } catch {
    return "";
  }
}

interface AlertToSettings {
  readonly rules: readonly string[];
  readonly duration: string;
  readonly policy: string | undefined;
  readonly by: "address" | "subject";
  readonly isSpared: (key: string) => boolean;
}

function readSettings(limiter: unknown, options: AlertToOptions): AlertToSettings {
  const reader = readOptions<AlertToOptions>("alertTo", options, KEYS, ALERT_TO_HINTS, CALL);
  if (!canBlock(limiter))
    reader.note("", `must get a limiter with block(), got ${describeValue(limiter)}`);
  if (options === undefined) reader.note("", `must get options: write ${CALL}`);
  const rules = reader.strings("rules", { required: true, check: faultOfRule }) ?? [];
  reader.duration("for", { min: "1s", max: "1d", default: "10m" });
  const time = reader.raw("for");
  const by = reader.oneOf("by", ["address", "subject"], { default: "address" });
  const isExcepted = readExceptions(reader);
  const settings = {
    rules,
    duration: typeof time === "string" ? time : "10m",
    policy: reader.string("policy"),
    by,
    isSpared: by === "address" ? isExcepted : () => false,
  };
  if (by === "subject" && reader.has("except"))
    reader.note("except", 'must be left out with by: "subject": it names addresses');
  reader.finish();
  return Object.freeze(settings);
}

function readExceptions(reader: OptionsReader<"except">): (key: string) => boolean {
  const given: unknown = reader.raw("except");
  if (given === false) return () => false;
  const own = readOptions<Pick<AlertToOptions, "except">>(
    "alertTo",
    { except: PRIVATE },
    { except: true },
  );
  const isExcepted = readTrustedPeers(reader.has("except") ? reader : own, "except");
  const listed = reader.has("except") ? [given].flat() : PRIVATE;
  // What is no text is a problem that was noted.
  const neighbours = neighboursOf(listed.filter((entry) => typeof entry === "string"));
  // Addresses of IPv4 would be looked for in networks of IPv6 as well.
  return (key) => isExcepted(key) || (isIPv6(key) && neighbours.check(key, "ipv6"));
}

/** Alerts and limits know IPv6 by its networks: blocking one blocks every host in it, and those that are excepted. */
function neighboursOf(entries: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const entry of entries) {
    const [text, prefix = "128"] = entry.split("/");
    const address = normalizeAddress(text);
    // What is no address of IPv6 is a problem that was noted, or one of IPv4.
    if (address?.includes(":") === true && Number(prefix) > LIMIT_PREFIX)
      networks.addSubnet(addressNetwork(address, LIMIT_PREFIX), LIMIT_PREFIX, "ipv6");
  }
  return networks;
}

/** Rules of the app are known to their log only; a name that is nearly one of the default rules is a mistake. */
function faultOfRule(name: string): string | undefined {
  if (ABOUT_NOBODY.includes(name)) return "must not be a rule that is about no client";
  if ((DEFAULT_ALERTS as readonly string[]).includes(name)) return undefined;
  const meant = closest(name, DEFAULT_ALERTS);
  return meant === undefined ? undefined : `must be the name of a rule: did you mean "${meant}"?`;
}

function canBlock(limiter: unknown): limiter is BlockingLimiter {
  return typeof (Object(limiter) as { block?: unknown }).block === "function";
}
