import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { routerVersions } from "../support/express.js";
import { root } from "../support/package-manifest.js";

/** Its name on Node.js 20 and 22, and later. */
const FLAG = ["--permission", "--experimental-permission"].find((flag) =>
  process.allowedNodeEnvironmentFlags.has(flag),
) as string;

describe("where the inspector is not allowed", () => {
  const packages = { "4": "express4", "5": "express", "5.1": "express5-1" } as const;

  it.each(routerVersions)("what Express %s hides is unresolved", (version) => {
    const express = createRequire(__filename).resolve(packages[version as keyof typeof packages]);
    const script = `
      const express = require(${JSON.stringify(express)});
      const { auditRoutes } = require(${JSON.stringify(join(root, "dist", "route-audit", "index.js"))});
      const app = express();
      const router = express.Router();
      router.get("/a", (req, res) => res.end());
      app.use("/r", router);
      const sub = express();
      sub.get("/b", (req, res) => res.end());
      app.use("/sub", sub);
      console.log(JSON.stringify(auditRoutes(app).routes.map(({ path, status }) => [path, status])));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [FLAG, "--allow-fs-read=*", "--no-warnings", "-e", script],
      { encoding: "utf8", cwd: root },
    );
    expect(stderr).toBe("");
    const hidesMounts = version === "5.1";
    expect(JSON.parse(stdout)).toEqual([
      hidesMounts ? ["<?>/a", "unresolved"] : ["/r/a", "open"],
      [hidesMounts ? "<?>/*" : "/sub/*", "unresolved"],
    ]);
  });
});
