import { createHook } from "node:async_hooks";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { alertTo, auditLog, fileSink } from "../../src/audit-log/index.js";
import { oauthGuard } from "../../src/oauth-guard/index.js";
import { rateLimit } from "../../src/rate-limit/index.js";

const ours: { readonly type: string; readonly hasRef: (() => boolean) | undefined }[] = [];
const hook = createHook({
  init(_id, type, _trigger, resource) {
    if (!/^(express-?secure-?api|bound-)/i.test(type)) return;
    ours.push({ type, hasRef: (resource as { hasRef?: () => boolean }).hasRef });
  },
});

describe("what outlives requests", () => {
  afterAll(() => {
    hook.disable();
  });

  it("is no open handle for `jest --detectOpenHandles`, which asks each async resource", async () => {
    hook.enable();
    const audit = auditLog({
      sinks: [fileSink({ path: join(mkdtempSync(join(tmpdir(), "handles-")), "audit.jsonl") })],
      integrity: { sign: () => new Uint8Array(64), onCheckpoint: () => {} },
      alerts: { honeytokens: { routes: "/admin.php" } },
    });
    const limiter = rateLimit({ name: "a", limit: 5, window: "1m", block: { after: "never" } });
    const blocks = alertTo(limiter, { rules: "honeytoken" });
    oauthGuard({ issuer: "https://issuer.test", audience: "a" });
    hook.disable();
    blocks.close();
    await audit.close();
    expect(ours.length).toBeGreaterThan(5);
    expect(ours.filter(({ hasRef }) => hasRef?.() !== false).map(({ type }) => type)).toEqual([]);
  });
});
