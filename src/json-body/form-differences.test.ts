import { readFileSync } from "node:fs";
import type { ErrorRequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { formBody } from "./form-body.js";

const PAGE = readFileSync("docs/reference/json-body.md", "utf8");

/** A row of the page: what `express.urlencoded()` of both majors makes of a form, and how `formBody` refuses it. */
interface Difference {
  readonly form: string;
  readonly extended: boolean;
  readonly theirs: Readonly<Record<string, string | undefined>>;
  readonly status: number;
  readonly code: string;
}

function differences(): readonly Difference[] {
  const [, table = ""] = PAGE.split("<!-- differences: formBody -->");
  const rows = table.trim().split("\n\n")[0]?.split("\n").slice(2) ?? [];
  return rows.map((row) => {
    const [, form = "", extended, theirs = "", ours = ""] = row.split(/^\| | \| | \|$/);
    const values = [...theirs.matchAll(/`([^`]*)`/g)].map(([, value]) => value);
    return {
      form: form.slice(1, -1),
      extended: extended === "`true`",
      theirs: { 4: values[0], 5: values.at(-1) },
      status: Number(ours.slice(0, 3)),
      code: ours.slice(5, -1),
    };
  });
}

/** Spellings that parsers know, and that attackers try; the rows of the page come on top. */
const FORMS =
  `a=1&a=2 a=1&a=2&a=3 a[b]=c a=b=c x=a%5Bb%5D%3Dc x=a%5Bb%5D=c x=a%5bb%5d=c x=]=c a=] a=[b] a%5Bb%5D=c
  a%5bb%5d=c a[]=1 a[]=1&a[]=2 a=1&a[]=2 a[b]=2&a=1 a[0]=1&a[b]=2 a[b]=1&a[b]=2 a[b][c]=1 a[0]=1&a[5]=2 a[5]=2&a[0]=1
  a[]=1&a[0]=2 a[00]=1 a[-1]=1 a[100]=1 a[4711]=1 a]b a[b]]=1 []=1 [a][b]=1 [a]b=1 a[=1 ]=1 [=1 a[][b]=1&a[][c]=2
  a[][b]=1&a[][b]=2 a[b][]=1&a[b][]=2 a[b][0]=1 a[0][b]=1&a[1][b]=2 a+b=c+d a[+]=1 a%2Bb=c%2Bd a=%20 a=% a=%4 %zz=1 a=%C3%A4
  a=%FF a=ä a[__proto__][b]=1 __proto__[b]=1 constructor=1 constructor[prototype][x]=1 prototype=1 hasOwnProperty=1 toString=1
  a[toString]=1 a[hasOwnProperty][b]=1 & &&a=1&& = a a= a&b a;b=1 a=1;b=2 a.b=1 a%2Eb=1 a[b.c]=1 a=1,2 a[]=1,2
  utf8=%E2%9C%93&a=1 a=%26%2310003%3B a=&#10003; ?a=1 a=1%0D%0A a%0D%0A=1 A=1&a=2 a[B]=1&a[b]=2 a[] a[b] a==1 a[]= 0=a&1=b`
    .trim()
    .split(/\s+/);

describe.each(expressVersions)(
  "formBody beside express.urlencoded() of Express %s",
  (major, express) => {
    const ask = (form: string, extended: boolean, isOurs: boolean, charset = "") => {
      const app = express();
      app.use(isOurs ? formBody({ extended }) : express.urlencoded({ extended }));
      app.post("/", (req, res) => void res.type("txt").send(JSON.stringify(req.body)));
      app.use(((error, _req, res, _next) => {
        res.status(error.status).end();
      }) as ErrorRequestHandler);
      const type = `application/x-www-form-urlencoded${charset}`;
      return request(app).post("/").set("Content-Type", type).send(form);
    };

    it.each(differences())("differs as the page says: $form, extended: $extended", async (row) => {
      const { form, extended, theirs, status, code } = row;
      expect((await ask(form, extended, false).expect(200)).text).toBe(theirs[major]);
      expect((await ask(form, extended, true).expect(status)).body.code).toBe(code);
    });

    it("reads alike whatever it does not refuse", async () => {
      const forms = [...FORMS, ...differences().map(({ form }) => form)];
      for (const extended of [false, true]) {
        for (const form of forms) {
          const ours = await ask(form, extended, true);
          if (ours.status === 400) continue;
          expect([form, ours.text]).toEqual([form, (await ask(form, extended, false)).text]);
        }
      }
    });

    it.each([
      ["utf-8", 200, 200, 200],
      ["iso-8859-1", 415, 415, 200],
      ["us-ascii", 200, 415, 415],
      ["utf-16", 415, 415, 415],
    ])("takes the charset %s or not as the page says", async (charset, ours, four, five) => {
      const field = `; charset=${charset}`;
      await ask("a=1", false, true, field).expect(ours);
      await ask("a=1", false, false, field).expect(major === "4" ? four : five);
    });
  },
);

describe("the table of differences", () => {
  it("holds what the tests above compare", () => {
    expect(differences()).toHaveLength(25);
    expect(differences()[0]).toEqual({
      form: "x=a[b]=c",
      extended: false,
      theirs: { 4: '{"x":"a[b]=c"}', 5: '{"x=a[b]":"c"}' },
      status: 400,
      code: "malformed_body",
    });
  });
});
