import type { Express } from "express";
import express5 from "express";
import request from "supertest";
import { beforeEach, describe, expect, it } from "vitest";
import {
  createPrincipal,
  type PrincipalInit,
  setPrincipalSource,
} from "../../src/core/principal/principal.js";
import { expressVersions } from "../support/express.js";
import { guideSections, runExample } from "../support/guide.js";

const sections = guideSections("ownership.md");

interface Order {
  readonly _id: string;
  readonly userId: string;
  readonly orgId: string;
}

const CALLERS: Readonly<Record<string, PrincipalInit | null>> = {
  alice: { subject: "alice", tenant: "a" },
  "an admin": { subject: "root", roles: ["admin"] },
  support: { subject: "sue", roles: ["support"], tenant: "a" },
  "the customer 42": { subject: "42" },
  nobody: null,
};

function exampleOf(heading: string): string {
  const [code] = sections.find((section) => section.heading === heading)?.blocks("js") ?? [];
  if (code === undefined) throw new Error(`the guide has no example ${heading}`);
  return code;
}

describe.each(expressVersions)("the guide to ownership, on Express %s", (_major, express) => {
  let app: Express;
  let caller: PrincipalInit | null;
  let queries: unknown[];
  const rows: readonly Order[] = [
    { _id: "1", userId: "alice", orgId: "a" },
    { _id: "2", userId: "bob", orgId: "a" },
    { _id: "3", userId: "alice", orgId: "b" },
  ];
  const orders = {
    findOne: async (filter: { _id: unknown }) => rows.find(({ _id }) => _id === filter._id) ?? null,
    find: async (filter: { _id?: readonly unknown[]; userId?: unknown }) =>
      rows.filter(({ _id, userId }) => filter._id?.includes(_id) ?? userId === filter.userId),
    updateOne: async (filter: unknown, change: unknown) => void queries.push([filter, change]),
  };
  const db = {
    query: async (text: string, [id]: readonly unknown[]) => {
      queries.push(text);
      const all = [
        { id: 1, customer_id: 42 },
        { id: 2, customer_id: 43 },
        { id: 3, customer_id: null },
      ];
      return { rows: all.filter((row) => String(row.id) === id) };
    },
  };

  beforeEach(() => {
    queries = [];
    app = express();
    app.use(express5.json());
    app.use((req, _res, next) => {
      setPrincipalSource(req, caller === null ? null : createPrincipal(caller));
      next();
    });
  });

  async function visit(who: string, method: string, path: string, body?: object) {
    if (!(who in CALLERS)) throw new Error(`the test has no caller ${who}`);
    caller = CALLERS[who] ?? null;
    const agent = request(app);
    const sent =
      method === "GET" ? agent.get(path) : method === "POST" ? agent.post(path) : agent.patch(path);
    return body === undefined ? sent : sent.send(body);
  }

  it("answers in the example of a document store what the table says", async () => {
    runExample(exampleOf("A document store"), app, { orders });
    const [table] = sections.find(({ heading }) => heading === "A document store")?.tables ?? [];
    const lines = table?.rows ?? [];
    expect(lines.length).toBeGreaterThan(5);
    for (const { who = "", what = "", answer: status } of lines) {
      const [, method = "", path = ""] = /`(\w+) (\S+)`/.exec(what) ?? [];
      const answer = await visit(who, method, path, method === "PATCH" ? { note: "x" } : undefined);
      expect(`${who} ${what}: ${answer.status}`).toBe(`${who} ${what}: ${status}`);
    }
    expect(queries).toEqual([]);
    expect((await visit("alice", "PATCH", "/orders/1", { note: "x" })).status).toBe(204);
    expect(queries).toEqual([[{ _id: "1", userId: "alice" }, { $set: { note: "x" } }]]);
  });

  it("compares numbers of SQL, and keeps ids out of the statement", async () => {
    runExample(exampleOf("SQL"), app, { db });
    const path = `/invoices/${encodeURIComponent("1 OR 1=1")}`;
    expect((await visit("the customer 42", "GET", "/invoices/1")).body.customer_id).toBe(42);
    for (const other of ["/invoices/2", "/invoices/3", "/invoices/9", path])
      expect((await visit("the customer 42", "GET", other)).status).toBe(404);
    expect(new Set(queries).size).toBe(1);
  });

  it("lists the caller's own", async () => {
    runExample(exampleOf("Lists"), app, { orders });
    const { body } = await visit("alice", "GET", "/orders");
    expect((body as readonly Order[]).map(({ _id }) => _id)).toEqual(["1", "3"]);
    expect((await visit("nobody", "GET", "/orders")).status).toBe(401);
  });

  it("takes several only if all are there and the caller's own", async () => {
    runExample(exampleOf("Several objects, and ids in the body"), app, { orders });
    const archive = async (ids: unknown) =>
      (await visit("alice", "POST", "/orders/archive", { ids })).status;
    expect(await archive(["1", "3", "1"])).toBe(200);
    for (const ids of [["1", "2"], ["1", "9"], [], "1", [{ $ne: null }], undefined])
      expect(await archive(ids)).toBe(404);
  });

  it("compares the path with the caller", async () => {
    runExample(exampleOf("The id of the caller in the path"), app);
    expect((await visit("alice", "GET", "/users/alice/orders")).body).toEqual({ of: "alice" });
    expect((await visit("alice", "GET", "/users/bob/orders")).status).toBe(403);
    expect((await visit("an admin", "GET", "/users/bob/orders")).status).toBe(200);
  });

  it("keeps tenants apart", async () => {
    runExample(exampleOf("Tenants"), app, { orders });
    const status = async (who: string, id: string) =>
      (await visit(who, "GET", `/org/orders/${id}`)).status;
    expect(await status("alice", "1")).toBe(200);
    expect(await status("alice", "2")).toBe(404);
    expect(await status("alice", "3")).toBe(404);
    expect(await status("support", "2")).toBe(200);
    expect(await status("an admin", "1")).toBe(403);
  });
});
