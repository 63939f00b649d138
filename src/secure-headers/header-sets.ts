import type { Request, Response } from "express";
import { type AnswerWatcher, unwatchAnswer, watchAnswer } from "../core/answer/watch-answer.js";
import { opens } from "../core/http/path-pattern.js";
import { requestSlot } from "../core/request/request-slot.js";
import { cookieCacheWatcher } from "./cookies/cookie-cache.js";
import { createNonceWatcher } from "./csp/nonce-watcher.js";
import type { HeaderPlan } from "./headers/header-plan.js";
import {
  createHeaderWriter,
  createReportOnlyWriter,
  type HeaderWriter,
} from "./headers/header-writer.js";
import { changedHeaders } from "./overrides/changed-headers.js";
import type { PageRule } from "./overrides/read-pages.js";
import { createFieldRemover } from "./removed/removed-fields.js";

/** A plan, ready to be carried out. */
interface HeaderSet {
  readonly plan: HeaderPlan;
  readonly write: HeaderWriter;
  readonly watchers: readonly AnswerWatcher[];
}

/** The headers of one `secureHeaders`. */
export interface HeaderSets {
  /** Puts those of the path on the response. */
  apply(req: Request, res: Response): void;
  /**
   * What takes the place of {@link HeaderSets.apply} behind it.
   *
   * @param plans - For what `apply` may have put there: for all other paths, then for each rule in order.
   */
  override(plans: readonly HeaderPlan[]): HeaderWriter;
}

/** What was carried out last for the request. */
const applied = requestSlot<HeaderSet>("appliedHeaders");

/** @param rules - Of paths that have other headers; the first one that covers the request counts. */
export function createHeaderSets(
  plan: HeaderPlan,
  rules: readonly PageRule[],
  enforced: boolean,
): HeaderSets {
  const base = toSet(plan, enforced);
  const pages = rules.map((rule) => ({ ...toSet(rule.plan, enforced), pattern: rule.pattern }));
  // Only who overrides asks.
  let isAsked = false;

  function setFor(req: Request): HeaderSet {
    for (const page of pages) if (opens(page.pattern, req)) return page;
    return base;
  }

  return Object.freeze({
    apply(req: Request, res: Response): void {
      const set = pages.length === 0 ? base : setFor(req);
      put(set, req, res);
      if (isAsked) applied.set(req, set);
    },

    override(plans: readonly HeaderPlan[]): HeaderWriter {
      isAsked = true;
      const [whole = plan] = plans;
      const alone = toSet(whole, enforced);
      const behind = new WeakMap<HeaderPlan, HeaderSet>();
      [base, ...pages].forEach((set, index) => {
        behind.set(set.plan, toSet(plans[index] ?? whole, enforced, set.plan));
      });

      function setBehind(before: HeaderPlan | undefined): HeaderSet {
        // Without `secureHeaders` in front.
        if (before === undefined) return alone;
        let set = behind.get(before);
        if (set === undefined) {
          // Behind another override, of which this one keeps nothing.
          set = toSet(whole, enforced, before);
          behind.set(before, set);
        }
        return set;
      }

      return function overrideHeaders(req, res) {
        const before = applied.get(req);
        const set = setBehind(before?.plan);
        // What was to be done when the answer is sent stands in that plan.
        for (const watcher of before?.watchers ?? []) unwatchAnswer(req, watcher);
        put(set, req, res);
        applied.set(req, set);
      };
    },
  });
}

function put({ write, watchers }: HeaderSet, req: Request, res: Response): void {
  write(req, res);
  for (const watcher of watchers) watchAnswer(req, res, watcher);
}

/** @param before - What was carried out already, if it is known. */
function toSet(plan: HeaderPlan, enforced: boolean, before?: HeaderPlan): HeaderSet {
  const written = before === undefined || !enforced ? plan : changedHeaders(before, plan);
  const write = enforced ? createHeaderWriter(written) : createReportOnlyWriter(written);
  return { plan, write, watchers: planWatchers(plan) };
}

/** What is left to do when the answer is sent. */
function planWatchers(plan: HeaderPlan): readonly AnswerWatcher[] {
  const watchers: AnswerWatcher[] = [];
  if (plan.headers.some(({ when }) => when === "authenticated")) watchers.push(cookieCacheWatcher);
  if (plan.headers.some(({ nonce }) => nonce)) {
    const isPrivate = plan.headers.some(({ when }) => when === "unlessSet");
    watchers.push(createNonceWatcher(isPrivate));
  }
  const remover = createFieldRemover(
    plan.removed.filter((name) => name.toLowerCase() !== "x-powered-by"),
  );
  return remover === undefined ? watchers : [...watchers, remover];
}
