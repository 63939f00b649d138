import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import type { RequestHandler } from "express";
import fc from "fast-check";
import helmet from "helmet";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const RUNS = 150;

const source = fc.constantFrom(
  "'self'",
  "'none'",
  "'unsafe-inline'",
  "'unsafe-eval'",
  "'strict-dynamic'",
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "data:",
  "https:",
  "*",
  "https://cdn.example.com",
  "*.example.com:8443",
);
const sources = fc.oneof(
  source,
  fc.array(source, { maxLength: 4 }),
  fc.array(source, { maxLength: 3 }).map((list) => new Set(list)),
  fc.constant(null),
  fc.constant(helmet.contentSecurityPolicy.dangerouslyDisableDefaultSrc),
);
const directiveName = fc.constantFrom(
  ...[
    "defaultSrc",
    "default-src",
    "scriptSrc",
    "script-src-attr",
    "styleSrc",
    "imgSrc",
    "font-src",
  ],
  ...["connectSrc", "objectSrc", "base-uri", "formAction", "frameAncestors", "workerSrc"],
  ...["upgradeInsecureRequests", "block-all-mixed-content", "sandbox", "report-uri", "mediaSrc"],
);
/** `undefined` members count as left out, in both. */
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const flag = fc.boolean();

function header(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  return fc.oneof(flag, fc.record(members, { requiredKeys: [] }));
}

const hsts = header({
  maxAge: fc.constantFrom(0, 60, 31_536_000, 63_072_000),
  includeSubDomains: flag,
  // With less than preloading needs, ours is an error.
  preload: fc.constant(false),
});
const dns = header({ allow: flag });
const frame = header({
  action: fc.constantFrom("deny", "sameorigin", "SAMEORIGIN", "DENY", "same-origin"),
});
const permitted = header({
  permittedPolicies: fc.constantFrom("none", "master-only", "by-content-type", "all"),
});

/** Every option that helmet has. */
const canonical = fc.record(
  {
    contentSecurityPolicy: fc.oneof(
      flag,
      fc.record(
        {
          useDefaults: optional(flag),
          reportOnly: optional(flag),
          directives: fc.dictionary(directiveName, sources, { maxKeys: 5 }),
        },
        { requiredKeys: [] },
      ),
    ),
    crossOriginEmbedderPolicy: header({
      policy: fc.constantFrom("require-corp", "credentialless", "unsafe-none"),
    }),
    crossOriginOpenerPolicy: header({
      policy: fc.constantFrom(
        "same-origin",
        "same-origin-allow-popups",
        "noopener-allow-popups",
        "unsafe-none",
      ),
    }),
    crossOriginResourcePolicy: header({
      policy: fc.constantFrom("same-origin", "same-site", "cross-origin"),
    }),
    originAgentCluster: flag,
    referrerPolicy: header({
      policy: fc.oneof(
        fc.constantFrom(
          "no-referrer",
          "origin",
          "strict-origin-when-cross-origin",
          "unsafe-url",
          "",
        ),
        fc.constant(["no-referrer", "strict-origin"]),
      ),
    }),
    strictTransportSecurity: hsts,
    xContentTypeOptions: flag,
    xDnsPrefetchControl: dns,
    xDownloadOptions: flag,
    xFrameOptions: frame,
    xPermittedCrossDomainPolicies: permitted,
    xPoweredBy: flag,
    xXssProtection: flag,
  },
  { requiredKeys: [] },
);

/** helmet's older names for some of them. */
const OLDER = {
  strictTransportSecurity: "hsts",
  xContentTypeOptions: "noSniff",
  xDnsPrefetchControl: "dnsPrefetchControl",
  xDownloadOptions: "ieNoOpen",
  xFrameOptions: "frameguard",
  xPermittedCrossDomainPolicies: "permittedCrossDomainPolicies",
  xPoweredBy: "hidePoweredBy",
  xXssProtection: "xssFilter",
} as const;

/** The same with some older names; now and then with both, which is a mistake. */
const settings = fc
  .tuple(canonical, fc.subarray(Object.keys(OLDER)), fc.nat(15))
  .map(([given, renamed, dice]) => {
    const options: Record<string, unknown> = { ...given };
    for (const name of renamed as (keyof typeof OLDER)[]) {
      if (options[name] === undefined) continue;
      options[OLDER[name]] = options[name];
      if (dice > 0) delete options[name];
    }
    return options;
  });

/** The middleware, or `undefined` where its factory throws. */
function made(make: () => unknown): RequestHandler | undefined {
  try {
    return make() as RequestHandler;
  } catch {
    return undefined;
  }
}

describe.each(expressVersions)("preset helmet beside helmet on Express %s", (_major, express) => {
  /** The header fields of an answer as they are sent: in order, with repetitions. */
  async function rawHeaders(middleware: RequestHandler): Promise<readonly string[]> {
    const app = express().use((_req, res, next) => {
      res.setHeader("X-Frame-Options", "ALLOWALL");
      res.setHeader("X-Before", "1");
      next();
    });
    app.use(middleware);
    app.get("/", (_req, res) => void res.end("x"));
    const server = createServer(app).listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    try {
      return await new Promise((done, fail) => {
        const { port } = server.address() as AddressInfo;
        get({ port, host: "127.0.0.1", agent: false }, (answer) => {
          answer.resume();
          answer.on("end", () => done(answer.rawHeaders));
        }).on("error", fail);
      });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  it("sends the same fields in the same order for every option, and refuses what helmet refuses", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(settings, async (given) => {
        const theirs = made(() => helmet(given as never));
        const ours = made(() =>
          secureHeaders({ preset: "helmet", helmet: given as SecureHeadersOptions["helmet"] }),
        );
        expect([given, ours === undefined]).toEqual([given, theirs === undefined]);
        if (theirs === undefined || ours === undefined) return;
        compared += 1;
        expect(withoutDate(await rawHeaders(ours))).toEqual(withoutDate(await rawHeaders(theirs)));
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 10);
  }, 120_000);
});

function withoutDate(raw: readonly string[]): readonly string[] {
  const at = raw.indexOf("Date");
  return at === -1 ? raw : [...raw.slice(0, at), ...raw.slice(at + 2)];
}
