import type { Request, Response } from "express";
import { isForPublicName, isPinnable } from "../../core/http/request-host.js";
import { requestSlot } from "../../core/request/request-slot.js";
import { createTlsCheck } from "../hsts/tls-check.js";
import { keepPoweredByAway } from "../removed/powered-by.js";
import type { HeaderPlan, PlannedHeader } from "./header-plan.js";

/** Puts headers that were computed at start-up on a response. */
export type HeaderWriter = (req: Request, res: Response) => void;

const HSTS = "Strict-Transport-Security";
const CSP = "Content-Security-Policy";
const CSP_REPORT_ONLY = "Content-Security-Policy-Report-Only";

/** The policy that a `secureHeaders` in front tries out: the inner one replaces it, as it would when enforcing. */
const triedOut = requestSlot<string>("triedOutPolicy");

/** Writes the headers of the plan, each where it belongs. */
export function createHeaderWriter(plan: HeaderPlan): HeaderWriter {
  const fixed = plan.headers.filter(({ when }) => when === "always");
  const names = fixed.map(({ name }) => name);
  const values = fixed.map(({ value }) => value);
  const conditional = plan.headers.filter(({ when }) => when !== "always");
  const removed = [...plan.removed];
  const unnamed = removed.some((name) => name.toLowerCase() === "x-powered-by");
  const checkTls = pinsOverTls(plan) ? createTlsCheck() : undefined;

  return function writeHeaders(req, res) {
    for (let index = 0; index < names.length; index += 1)
      res.setHeader(names[index] as string, values[index] as string);
    for (let index = 0; index < removed.length; index += 1)
      res.removeHeader(removed[index] as string);
    if (unnamed) keepPoweredByAway(req);
    if (conditional.length > 0) writeConditional(req, res);
  };

  function writeConditional(req: Request, res: Response): void {
    const overTls = isPinnable(req);
    for (let index = 0; index < conditional.length; index += 1) {
      const header = conditional[index] as PlannedHeader;
      if (isDue(header, req, overTls)) res.setHeader(header.name, header.value);
    }
    if (!overTls) checkTls?.(req);
  }
}

/**
 * Writes only what changes nothing: the content policy as report-only, unless the app tries out one of its own. What would keep
 * `Strict-Transport-Security` away is told already.
 */
export function createReportOnlyWriter(plan: HeaderPlan): HeaderWriter {
  const planned = plan.headers.find(({ name }) => name === CSP || name === CSP_REPORT_ONLY);
  // Browsers ignore this directive in a policy that only reports, and say so on every page.
  const policy = planned?.value
    .split(";")
    .filter((directive) => directive !== "upgrade-insecure-requests")
    .join(";");
  const checkTls = pinsOverTls(plan) ? createTlsCheck() : undefined;

  return function writeReportOnlyHeaders(req, res) {
    checkTls?.(req);
    const current = res.getHeader(CSP_REPORT_ONLY);
    if (policy === undefined || (current !== undefined && current !== triedOut.get(req))) return;
    res.setHeader(CSP_REPORT_ONLY, policy);
    triedOut.set(req, policy);
  };
}

function isDue({ when }: PlannedHeader, req: Request, overTls: boolean): boolean {
  switch (when) {
    case "overTls":
      return overTls;
    case "notOverTls":
      return !overTls;
    case "publicName":
      return overTls || isForPublicName(req);
    case "authenticated":
      return isAuthenticated(req);
    default:
      return true;
  }
}

/** Whether the answer may be for one user alone. */
function isAuthenticated({ headers }: Request): boolean {
  return headers.cookie !== undefined || headers.authorization !== undefined;
}

function pinsOverTls(plan: HeaderPlan): boolean {
  return plan.headers.some(({ name, when }) => name === HSTS && when === "overTls");
}
