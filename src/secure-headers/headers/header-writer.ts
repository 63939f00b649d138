import type { Request, Response } from "express";
import { isForPublicName, isPinnable } from "../../core/http/request-host.js";
import { requestSlot } from "../../core/request/request-slot.js";
import { NONCE_SOURCE, nonceOf } from "../csp/nonce.js";
import { createTlsCheck } from "../hsts/tls-check.js";
import { keepPoweredByAway } from "../removed/powered-by.js";
import type { HeaderCondition, HeaderPlan, PlannedHeader } from "./header-plan.js";

/** Puts headers that were computed at start-up on a response. */
export type HeaderWriter = (req: Request, res: Response) => void;

/** A header that is ready to be written. */
interface ReadyHeader {
  readonly name: string;
  readonly value: string;
  readonly when: HeaderCondition;
  /** What stands around the nonces. */
  readonly around: readonly string[] | undefined;
}

/** What a `secureHeaders` in front tries out, by name: the inner one replaces it, as it would when enforcing. */
const triedOut = requestSlot<Map<string, string>>("triedOutHeaders");

/** Writes the headers of the plan, each where it belongs. */
export function createHeaderWriter(plan: HeaderPlan): HeaderWriter {
  const { overwrites } = plan;
  const ready = readyHeaders(plan);
  const fixed = ready.filter(({ when }) => when === "always");
  const conditional = ready.filter(({ when }) => when !== "always");
  const isStatic = overwrites && fixed.every(({ around }) => around === undefined);
  const removed = [...plan.removed];
  const unnamed = removed.some((name) => name.toLowerCase() === "x-powered-by");
  const givesNonce = ready.some(({ around }) => around !== undefined);
  const checkTls = plan.needsTls ? createTlsCheck() : undefined;

  return function writeHeaders(req, res) {
    const nonce = givesNonce ? nonceOf(req, res, false) : "";
    for (let index = 0; index < fixed.length; index += 1) {
      const header = fixed[index] as ReadyHeader;
      if (isStatic) res.setHeader(header.name, header.value);
      else write(header, nonce, res);
    }
    for (let index = 0; index < removed.length; index += 1)
      res.removeHeader(removed[index] as string);
    if (unnamed) keepPoweredByAway(req, res);
    if (conditional.length > 0) writeConditional(nonce, req, res);
  };

  function writeConditional(nonce: string, req: Request, res: Response): void {
    const overTls = isPinnable(req);
    for (let index = 0; index < conditional.length; index += 1) {
      const header = conditional[index] as ReadyHeader;
      if (isDue(header.when, req, overTls)) write(header, nonce, res);
    }
    if (!overTls) checkTls?.(req);
  }

  function write(header: ReadyHeader, nonce: string, res: Response): void {
    if (overwrites || !res.hasHeader(header.name))
      res.setHeader(header.name, textOf(header, nonce));
  }
}

/**
 * Writes a plan of report mode: nothing that the app sends by itself is replaced. What would keep `Strict-Transport-Security`
 * away is told already.
 */
export function createReportOnlyWriter(plan: HeaderPlan): HeaderWriter {
  const ready = readyHeaders(plan);
  const givesNonce = ready.some(({ around }) => around !== undefined);
  const checkTls = plan.needsTls ? createTlsCheck() : undefined;

  return function writeReportOnlyHeaders(req, res) {
    checkTls?.(req);
    if (ready.length === 0) return;
    const nonce = givesNonce ? nonceOf(req, res, true) : "";
    const overTls = isPinnable(req);
    let tried = triedOut.get(req);
    for (const header of ready) {
      const { name, when } = header;
      const current = res.getHeader(name);
      if (current !== undefined && current !== tried?.get(name)) continue;
      if (!isDue(when, req, overTls)) continue;
      const value = textOf(header, nonce);
      res.setHeader(name, value);
      if (tried === undefined) {
        tried = new Map();
        triedOut.set(req, tried);
      }
      tried.set(name, value);
    }
  };
}

/** Without those that are set when the answer is sent. */
function readyHeaders(plan: HeaderPlan): readonly ReadyHeader[] {
  return plan.headers.filter(({ when }) => when !== "unlessSet").map(toReady);
}

function toReady({ name, value, when, nonce }: PlannedHeader): ReadyHeader {
  return { name, value, when, around: nonce ? aroundNonces(value) : undefined };
}

/** No header has a NUL. */
function aroundNonces(value: string): readonly string[] {
  return value.replaceAll(NONCE_SOURCE, "'nonce-\0'").split("\0");
}

function textOf({ value, around }: ReadyHeader, nonce: string): string {
  if (around === undefined) return value;
  // Nearly always: for scripts and styles.
  if (around.length === 3) return around[0] + nonce + around[1] + nonce + around[2];
  return around.join(nonce);
}

function isDue(when: HeaderCondition, req: Request, overTls: boolean): boolean {
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
