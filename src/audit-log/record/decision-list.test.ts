import { expect, it } from "vitest";
import type { Decision } from "../../core/decision/decision.js";
import { createDecisionList } from "./decision-list.js";

const allow = (guard: string): Decision => ({
  guard,
  outcome: "allow",
  enforced: true,
  code: "ok",
});
const refuse = (guard: string, code: string, enforced = true): Decision => ({
  guard,
  outcome: "deny",
  enforced,
  code,
});

it("writes the same list for the same decisions, and never mixes lists", () => {
  const list = createDecisionList();
  for (let round = 0; round < 3; round += 1) {
    expect(list([])).toBe("[]");
    expect(list([allow("a"), allow("b")])).toBe('["a:allow","b:allow"]');
    expect(list([allow("a"), refuse("b", "no")])).toBe('["a:allow","b:deny:no"]');
    expect(list([refuse("b", "no", false), allow("a")])).toBe('["b:report:no","a:allow"]');
    expect(list([allow("b:deny:no")])).toBe('["b:deny:no:allow"]');
  }
});

it("stays right when more different lists come than it keeps", () => {
  const list = createDecisionList();
  for (let number = 0; number < 3000; number += 1) {
    expect(list([allow("a"), refuse("b", `code_${number}`), allow("c")])).toBe(
      `["a:allow","b:deny:code_${number}","c:allow"]`,
    );
  }
  expect(list([allow("a"), allow("c")])).toBe('["a:allow","c:allow"]');
});

it("names at most 40 decisions, and counts the others", () => {
  const list = createDecisionList();
  const many = Array.from({ length: 45 }, (_, number) => allow(`guard${number}`));
  const texts = JSON.parse(list(many));
  expect(texts).toHaveLength(41);
  expect(texts.slice(39)).toEqual(["guard39:allow", "...+5"]);
  expect(JSON.parse(list(many.slice(0, 40)))).toHaveLength(40);
});
