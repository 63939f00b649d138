import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { decisionsOf } from "../core/decision/decision.js";
import { errorHandler } from "../errors/error-handler.js";
import { formBody } from "../json-body/form-body.js";
import { jsonBody } from "../json-body/json-body.js";
import { secureApi } from "../secure-api/secure-api.js";
import { validate } from "./validate.js";

const body = { type: "object", properties: { a: { type: "string" } } } as const;
const FORM = "application/x-www-form-urlencoded";

/** Reads the body as multer does, under the name that multer gives its middleware. */
const multerMiddleware: RequestHandler = (req, _res, next) => {
  if (!req.is("multipart")) return next();
  req.body = Object.create(null);
  req.on("end", () => next()).resume();
};

type Misplaced = readonly [
  type: string,
  contentTypes: string | readonly string[] | undefined,
  hint: string,
  parser: (express: typeof import("express")) => RequestHandler,
];

const MISPLACED: readonly Misplaced[] = [
  ["application/json", undefined, "jsonBody() or express.json()", (express) => express.json()],
  ["application/json", undefined, "jsonBody() or express.json()", () => jsonBody()],
  [
    "application/vnd.api+json",
    "application/vnd.api+json",
    'jsonBody() or express.json({ type: "application/vnd.api+json" })',
    (express) => express.json({ type: "application/vnd.api+json" }),
  ],
  [
    "application/merge-patch+json",
    undefined,
    "jsonBody() or express.json({ type: … })",
    (express) => express.json({ type: "application/*+json" }),
  ],
  ["application/merge-patch+json", undefined, "jsonBody()", () => jsonBody()],
  [
    FORM,
    ["application/json", FORM],
    "formBody() or express.urlencoded({ extended: false })",
    (express) => express.urlencoded(),
  ],
  [FORM, ["application/json", FORM], "formBody() or", () => formBody()],
  ["text/plain", "text/plain", "express.text()", (express) => express.text()],
  [
    "text/csv; charset=utf-8",
    "text/csv",
    'express.text({ type: "text/csv" })',
    (express) => express.text({ type: "text/csv" }),
  ],
  [
    "application/octet-stream",
    "application/octet-stream",
    "express.raw()",
    (express) => express.raw(),
  ],
  [
    "application/x-protobuf",
    "application/x-protobuf",
    'express.raw({ type: "application/x-protobuf" })',
    (express) => express.raw({ type: "application/x-protobuf" }),
  ],
  [
    "multipart/form-data; boundary=x",
    ["application/json", "multipart/form-data"],
    "multer",
    () => multerMiddleware,
  ],
];

describe.each(expressVersions)("validate in front of a parser on Express %s", (_major, express) => {
  let warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  const pass: RequestHandler = (_req, _res, next) => next();
  const handler: RequestHandler = (_req, res) => void res.json({ reached: true });

  beforeEach(() => {
    warnings = [];
    process.on("warning", note);
  });

  afterEach(() => {
    process.off("warning", note);
  });

  const send = (app: Express, type: string, path = "/") =>
    request(app)
      .post(path)
      .set("Content-Type", type)
      .serialize((text: unknown) => text as string)
      .send("{}");

  async function expectMistake(app: Express, type: string, hint: string): Promise<void> {
    const answer = await send(app, type).expect(500);
    expect(answer.body.code).toBe("internal_error");
    expect(JSON.stringify(answer.body)).not.toContain("mount");
    const [warning] = warnings.filter(({ message }) => message.startsWith("validate:"));
    expect(warning?.message).toContain(`mount ${hint}`);
    expect(warning?.message).toContain("in front of validate()");
  }

  describe.each(MISPLACED)(
    "for %s, where contentTypes is %j",
    (type, contentTypes, hint, parser) => {
      const validator = () => validate({ body, contentTypes });

      it("says so when no parser stands in front", async () => {
        const app = express();
        app.post("/", validator() as RequestHandler, parser(express), handler);
        await expectMistake(app, type, hint);
      });

      it("says so when a parser of another media type stands in front", async () => {
        const app = express();
        app.use(type.includes("json") ? express.text() : express.json());
        app.post("/", validator() as RequestHandler, parser(express), handler);
        await expectMistake(app, type, hint);
      });

      it("says so on the app and in a router", async () => {
        const app = express();
        const router = express.Router();
        router.use(validator());
        app.use(express.urlencoded({ type: "application/x" }), router, parser(express));
        app.post("/", handler);
        await expectMistake(app, type, hint);
      });

      it("passes when the parser stands in front", async () => {
        const app = express();
        app.post("/", parser(express), validator() as RequestHandler, handler);
        const answer = await send(app, type);
        // What text() and raw() make of the body is no object.
        expect([200, 422]).toContain(answer.status);
        expect(warnings).toEqual([]);
      });
    },
  );

  it("says so for chains, too", async () => {
    const { body: chain } = await import("express-validator");
    const chains = validate({
      chains: chain("a").isString(),
      unknown: "allow",
      contentTypes: FORM,
    });
    const app = express();
    app.post("/", chains as RequestHandler, express.urlencoded({ extended: false }), handler);
    await expectMistake(app, FORM, "formBody() or express.urlencoded({ extended: false })");
  });

  it("lets report mode pass, and records it", async () => {
    let decisions: unknown;
    const app = express();
    app.post(
      "/",
      validate({ body, contentTypes: FORM, mode: "report" }) as RequestHandler,
      express.urlencoded({ extended: false }),
      (req, res) => {
        decisions = decisionsOf(req);
        res.end();
      },
    );
    await send(app, FORM).expect(200);
    expect(decisions).toMatchObject([
      { outcome: "error", enforced: false, reason: "application_error" },
    ]);
  });

  it("tells of each kind of body once", async () => {
    const app = express();
    app.use(validate({ body, contentTypes: ["application/json", FORM] }));
    for (const type of [FORM, "application/json", FORM, "application/json"]) {
      await send(app, type).expect(500);
    }
    expect(warnings.map(({ message }) => /express\.\w+/.exec(message)?.[0])).toEqual([
      "express.urlencoded",
      "express.json",
    ]);
  });

  // A media type that the client chooses must not become an error of the server.
  it.each<[string, string, RequestHandler]>([
    ["+json, which express.json() leaves alone", "application/merge-patch+json", express.json()],
    ["+json, behind a parser that wraps express.json()", "application/a+json", pass],
    [
      "application/json where another JSON is parsed",
      "application/json",
      express.json({ type: "application/vnd.api+json" }),
    ],
    ["a media type that is not listed", "text/plain", express.json()],
  ])("answers 415 to %s", async (_what, type, parser) => {
    const app = express();
    app.use(parser);
    app.post("/", validate({ body }) as RequestHandler, handler);
    await send(app, type).expect(415).expect("Accept", "application/json");
    expect(warnings).toEqual([]);
  });

  it("answers no field of any form with 500 behind express.json()", async () => {
    const app = express();
    app.post("/", express.json(), validate({ body }) as RequestHandler, handler);
    const types = ["application/json", "APPLICATION/JSON", "application/a+json", "text/plain"];
    const rests = [
      "",
      ";",
      "; ",
      ";;",
      ' ; a="\t"',
      '; a=""',
      "; =",
      "; a",
      "; a=b;",
      "\t; a=b",
      "; a=b; a=b",
    ];
    for (const field of types.flatMap((type) => rests.map((rest) => type + rest))) {
      const { status } = await send(app, field);
      expect([field, [200, 415].includes(status)]).toEqual([field, true]);
    }
    expect(warnings).toEqual([]);
  });

  it.each<[string, (express: typeof import("express")) => RequestHandler]>([
    ["for larger bodies", (express) => express.json({ limit: "10mb" })],
    ["for images", (express) => express.raw({ type: "image/*" })],
  ])(
    "answers no odd field with 500 behind express.json(), if a parser %s stands behind",
    async (_what, parser) => {
      const app = express();
      app.use(express.json());
      app.post("/", validate({ body }) as RequestHandler, handler);
      app.use(parser(express as never));
      for (const rest of ["", ";", ";;", "; a=b;", "\t; a=b", ';\ta="b"', ' ; a="\t"']) {
        const { status } = await send(app, `application/json${rest}`);
        expect([rest, [200, 415].includes(status)]).toEqual([rest, true]);
      }
      expect(warnings).toEqual([]);
    },
  );

  it("answers 415 to +json that express.json() leaves alone, if express.raw() stands behind", async () => {
    const app = express();
    app.use(express.json());
    app.post("/", validate({ body }) as RequestHandler, handler);
    app.use(express.raw({ type: "image/*" }));
    await send(app, "application/a+json").expect(415);
    expect(warnings).toEqual([]);
  });

  it("answers 415 to what only a parser on another path or route takes", async () => {
    const every = express.json({ type: ["application/json", "application/*+json"] });
    const app = express();
    app.post("/", express.json(), validate({ body }) as RequestHandler, handler);
    app.use("/elsewhere", every);
    app.post("/other", every, handler);
    await send(app, "application/a+json").expect(415);
  });

  describe("where a parser in front takes other media types than one behind", () => {
    type Mount = (app: Express, ...handlers: RequestHandler[]) => void;
    const every = () => express.json({ type: ["application/json", "application/*+json"] });

    const MOUNTS: readonly (readonly [where: string, mount: Mount])[] = [
      ["on the app", (app, ...handlers) => void app.use(...handlers)],
      ["on the route", (app, ...handlers) => void app.post("/", ...handlers)],
      ["on a route with all()", (app, ...handlers) => void app.route("/").all(...handlers)],
      ["in a router", (app, ...handlers) => void app.use(express.Router().use(...handlers))],
      [
        "in a router in front",
        (app, parser, ...handlers) =>
          void app.use(express.Router().use(parser as RequestHandler)).use(...handlers),
      ],
      [
        "on the path",
        (app, parser, ...handlers) => {
          app.use("/below", parser as RequestHandler);
          app.post("/below/deep", ...handlers);
        },
      ],
      [
        "in a mounted app",
        (app, parser, ...handlers) => {
          app.use(parser as RequestHandler);
          app.use("/below", express().post("/deep", ...handlers));
        },
      ],
    ];

    it.each(MOUNTS)("answers 415 to what only the latter takes, %s", async (where, mount) => {
      const app = express();
      mount(app, express.json(), validate({ body }) as RequestHandler, every(), handler);
      const path = /path|mounted/.test(where) ? "/below/deep" : "/";
      for (const type of ["application/x+json", "application/merge-patch+json; a=b"]) {
        const answer = await send(app, type, path).expect(415);
        expect(answer.body.code).toBe("unsupported_media_type");
      }
      await send(app, "application/json", path).expect(200);
      expect(warnings.map((warning) => (warning as { code?: string }).code)).toEqual([
        "EXPRESS_SECURE_API_PARSER_BEHIND",
      ]);
    });

    it("answers 415 to the other one of application/json and its range", async () => {
      const app = express();
      app.use(express.json({ type: "application/vnd.api+json" }));
      app.post("/", validate({ body }) as RequestHandler, express.json(), handler);
      await send(app, "application/json").expect(415);
      await send(app, "application/vnd.api+json").expect(200);
    });

    it.each<[string, RequestHandler]>([
      ["text", express.text({ type: "application/soap+xml" })],
      ["raw", express.raw({ type: "application/soap+xml" })],
    ])("answers 415 to other ranges, too, behind a %s parser", async (_kind, parser) => {
      const app = express();
      const contentTypes = "application/*+xml";
      app.use(parser);
      app.post("/", validate({ body, contentTypes }) as RequestHandler, handler);
      app.use(express.raw({ type: "image/*" }));
      await send(app, "application/x+xml").expect(415);
    });

    it("answers 415 behind the preset's jsonBody", async () => {
      const preset = secureApi({
        auditLog: false,
        oauthGuard: false,
        rateLimit: false,
        jsonBody: { except: "/" },
      });
      const app = express();
      app.use(preset);
      app.post("/", validate({ body }) as RequestHandler, every(), handler);
      app.use(errorHandler());
      await send(app, "application/x+json").expect(415);
    });

    it.each<[string, (app: Express) => unknown]>([
      ["on another path", (app) => app.use("/elsewhere", every())],
      ["on another route", (app) => app.post("/other", every(), handler)],
      ["for another method", (app) => app.put("/", every(), handler)],
      ["in a router on another path", (app) => app.use("/a", express.Router().use(every()))],
      ["in report mode", (app) => app.use(jsonBody({ mode: "report" }))],
    ])("says so if the parser in front stands %s", async (_where, mount) => {
      const app = express();
      mount(app);
      app.post("/", validate({ body }) as RequestHandler, every(), handler);
      await expectMistake(app, "application/merge-patch+json", "jsonBody()");
      await send(app, "application/json").expect(500);
    });

    it("says so if contentTypes names the very media type", async () => {
      const contentTypes = ["application/json", "application/vnd.api+json"];
      const app = express();
      app.use(express.json());
      app.post("/", validate({ body, contentTypes }) as RequestHandler, every(), handler);
      const hint = 'jsonBody() or express.json({ type: "application/vnd.api+json" })';
      await expectMistake(app, "application/vnd.api+json", hint);
    });

    it("lets report mode pass, and records the media type", async () => {
      let decisions: unknown;
      const app = express();
      app.use(express.json());
      app.post("/", validate({ body, mode: "report" }) as RequestHandler, every(), (req, res) => {
        decisions = decisionsOf(req);
        res.json(req.body);
      });
      await send(app, "application/x+json").expect(200, {});
      expect(decisions).toMatchObject([
        { outcome: "deny", enforced: false, reason: "media_type", status: 415 },
      ]);
    });
  });

  it("answers 415 in a mounted app whose parser is on the app around it", async () => {
    const inner = express();
    inner.post("/", validate({ body }) as RequestHandler, handler);
    const app = express();
    app.use(express.json({ type: "application/vnd.api+json" }), inner);
    await send(app, "application/json").expect(415);
  });

  it("answers 415 to a media type that is not listed, whatever parser stands behind", async () => {
    const app = express();
    app.post("/", validate({ body }) as RequestHandler, multerMiddleware, handler);
    await send(app, "multipart/form-data; boundary=x")
      .expect(415)
      .expect("Accept", "application/json");
  });

  it("takes an empty form for an empty object when multer has read it", async () => {
    const app = express();
    app.post(
      "/",
      multerMiddleware,
      validate({ body, contentTypes: "multipart/form-data" }) as RequestHandler,
      handler,
    );
    await send(app, "multipart/form-data; boundary=x").expect(200);
  });
});
