import type { LookupAddress } from "node:dns";
import { describe, expect, it } from "vitest";
import { localLookup } from "./local-lookup.js";

const HERE = { address: "127.0.0.1", family: 4 };
const HERE_6 = { address: "::1", family: 6 };
const ELSEWHERE = { address: "192.0.2.1", family: 4 };

function find(addresses: readonly LookupAddress[], all: boolean): Promise<readonly unknown[]> {
  const find = localLookup((_name, _options, callback) => callback(null, [...addresses]));
  return new Promise((resolve) => {
    find("api.localhost", { all }, (error, ...found) => resolve([error?.message, ...found]));
  });
}

describe("the addresses of a local name", () => {
  it("are those of this machine", async () => {
    expect(await find([HERE_6, HERE], true)).toEqual([undefined, [HERE_6, HERE]]);
    expect(await find([HERE], false)).toEqual([undefined, "127.0.0.1", 4]);
  });

  it("are never those of another one, whatever the resolver says", async () => {
    expect(await find([ELSEWHERE, HERE], true)).toEqual([undefined, [HERE]]);
    const refused = "api.localhost has an address of another machine";
    expect(await find([ELSEWHERE], true)).toEqual([refused, ""]);
    expect(await find([{ address: "2001:db8::1", family: 6 }], false)).toEqual([refused, ""]);
    expect(await find([], false)).toEqual([refused, ""]);
  });

  it("are found by the resolver of the machine", async () => {
    const address = await new Promise((resolve) => {
      localLookup()("localhost", {}, (_error, found) => resolve(found));
    });
    expect(["127.0.0.1", "::1"]).toContain(address);
  });
});
