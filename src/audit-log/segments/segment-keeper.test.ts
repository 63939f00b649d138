import { AsyncLocalStorage } from "node:async_hooks";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SegmentKeeper, type SegmentListener, type SegmentRules } from "./segment-keeper.js";
import { createSegmentNames } from "./segment-name.js";

/** Names that cannot be deleted. */
const undeletable = vi.hoisted(() => new Set<string>());
vi.mock("node:fs/promises", async (original) => {
  const promises = await original<typeof import("node:fs/promises")>();
  return {
    ...promises,
    unlink(path: string): Promise<void> {
      if (![...undeletable].some((name) => path.endsWith(name))) return promises.unlink(path);
      return Promise.reject(Object.assign(new Error("no"), { code: "EACCES" }));
    },
  };
});

const STREAM = "11111111-1111-4111-8111-111111111111";
const HOUR = 3_600_000;
let directory: string;
let path: string;
const keepers: SegmentKeeper[] = [];

beforeEach(() => {
  undeletable.clear();
  directory = mkdtempSync(join(tmpdir(), "segments-"));
  path = join(directory, "audit.jsonl");
  writeFileSync(path, record(100));
});

afterEach(() => {
  for (const keeper of keepers.splice(0)) keeper.close();
});

function record(number: number): string {
  return `{"audit.sequence.number":${number},"audit.sequence.stream_id":"${STREAM}"}\n`;
}

/** A segment that was closed so many hours ago. @returns Its name. */
function closed(hours: number, suffix = "", content: string | Buffer = record(hours)): string {
  const time = Date.now() - hours * HOUR;
  const name = createSegmentNames(path).next(time) + suffix;
  writeFileSync(join(directory, name), content);
  utimesSync(join(directory, name), time / 1000, time / 1000);
  return name;
}

function keep(
  rules: Partial<SegmentRules>,
  listener: Partial<SegmentListener> = {},
): { keeper: SegmentKeeper; troubles: unknown[]; expired: string[] } {
  const troubles: unknown[] = [];
  const expired: string[] = [];
  const keeper = new SegmentKeeper(
    () => ({
      directory,
      names: createSegmentNames(path),
      inode: statSync(path, { throwIfNoEntry: false })?.ino ?? -1,
      size: 0,
    }),
    { gzip: false, retention: undefined, ...rules },
    {
      expired: ({ file, streams }) =>
        expired.push([file, ...streams.map(({ first }) => first)].join(" ")) > 0,
      trouble: (error) => void troubles.push((error as NodeJS.ErrnoException).code),
      ...listener,
    },
  );
  keepers.push(keeper);
  keeper.wake();
  return { keeper, troubles, expired };
}

describe("what is done with closed segments", () => {
  it("is to compress all of them, and what a process has left that ended meanwhile", async () => {
    const names = [closed(3), closed(2)];
    // Ended between the rename of the gzip file and the end of the segment, and in the middle of compressing.
    writeFileSync(join(directory, `${names[0]}.gz`), gzipSync(record(3)));
    closed(4, ".gz.00000000.tmp", "half");
    keep({ gzip: true });
    await vi.waitFor(() =>
      expect(readdirSync(directory).sort()).toEqual(
        ["audit.jsonl", ...names.map((name) => `${name}.gz`)].sort(),
      ),
    );
    for (const [index, name] of names.entries())
      expect(gunzipSync(readFileSync(join(directory, `${name}.gz`))).toString()).toBe(
        record(3 - index),
      );
  });

  it("deletes what was left of a compression, and not what is at work", async () => {
    const name = closed(3);
    writeFileSync(join(directory, `${name}.gz.00000000.tmp`), "half");
    utimesSync(join(directory, `${name}.gz.00000000.tmp`), 1, 1);
    writeFileSync(join(directory, `${name}.gz.11111111.tmp`), "of a process that is at work");
    keep({ gzip: true });
    await vi.waitFor(() =>
      expect(readdirSync(directory).sort()).toEqual([
        `${name}.gz`,
        `${name}.gz.11111111.tmp`,
        "audit.jsonl",
      ]),
    );
  });

  it("deletes the oldest, says each before, and touches no other file", async () => {
    const names = [closed(5), closed(4, ".gz", gzipSync(record(4))), closed(3), closed(2)];
    const others = ["audit.jsonl.1", "audit.old.jsonl", `x${names[0]}`, `${names[0]}.bak`];
    for (const other of others) writeFileSync(join(directory, other), "");
    mkdirSync(join(directory, createSegmentNames(path).next(1)));
    const seen: boolean[] = [];
    const said: unknown[] = [];
    keep(
      { retention: { files: 2 } },
      {
        expired({ file, streams }) {
          said.push([file, streams.map(({ stream, first, last }) => [stream, first, last])]);
          seen.push(existsSync(join(directory, file)));
          return true;
        },
      },
    );
    await vi.waitFor(() => expect(existsSync(join(directory, names[1] ?? ""))).toBe(false));
    expect(said).toEqual([
      [names[0], [[STREAM, 5, 5]]],
      [names[1], [[STREAM, 4, 4]]],
    ]);
    expect(seen).toEqual([true, true]);
    const kept = readdirSync(directory);
    expect(kept).toEqual(expect.arrayContaining(["audit.jsonl", ...names.slice(2), ...others]));
    expect(kept).toHaveLength(2 + 2 + others.length);
  });

  it("says that a segment cannot be deleted, and its end only once", async () => {
    const name = closed(5);
    undeletable.add(name);
    const { keeper, troubles, expired } = keep({ retention: { age: HOUR } });
    await vi.waitFor(() => expect(troubles).toEqual(["EACCES"]));
    keeper.wake();
    await vi.waitFor(() => expect(troubles).toEqual(["EACCES", "EACCES"]));
    undeletable.clear();
    keeper.wake();
    await vi.waitFor(() => expect(existsSync(join(directory, name))).toBe(false));
    expect(expired).toEqual([`${name} 5`]);
  });

  it("deletes nothing that the log does not say", async () => {
    const name = closed(5);
    const expired = vi.fn(() => false);
    const { keeper } = keep({ retention: { age: HOUR } }, { expired });
    await vi.waitFor(() => expect(expired).toHaveBeenCalledTimes(1));
    keeper.wake();
    await vi.waitFor(() => expect(expired).toHaveBeenCalledTimes(2));
    expect(existsSync(join(directory, name))).toBe(true);
  });

  it("deletes a segment that is no gzip file any more, and says so", async () => {
    const name = closed(5, ".gz", "not gzip");
    const { troubles, expired } = keep({ retention: { age: HOUR } });
    await vi.waitFor(() => expect(existsSync(join(directory, name))).toBe(false));
    expect([troubles, expired]).toEqual([["Z_DATA_ERROR"], [name]]);
  });

  it("waits until nobody can write to a segment any more", async () => {
    const name = closed(0);
    const { troubles } = keep({ gzip: true, retention: { age: 0 } });
    await new Promise((done) => setTimeout(done, 100));
    expect([readdirSync(directory).sort(), troubles]).toEqual([[name, "audit.jsonl"].sort(), []]);
  });

  it("counts segments that wait for that, and deletes those that need not", async () => {
    const [old = ""] = [closed(5), closed(0), closed(0)];
    keep({ retention: { files: 2 } });
    await vi.waitFor(() => expect(existsSync(join(directory, old))).toBe(false));
    expect(readdirSync(directory)).toHaveLength(3);
  });

  it("is no deletion of young ones by a clock that jumps ahead", async () => {
    const [old = "", young = ""] = [closed(50), closed(1)];
    const { keeper, expired } = keep({ retention: { age: 100 * HOUR } });
    const real = Date.now;
    vi.spyOn(Date, "now").mockImplementation(() => real() + 1000 * HOUR);
    try {
      keeper.wake();
      await new Promise((done) => setTimeout(done, 300));
      expect([old, young].map((name) => existsSync(join(directory, name)))).toEqual([true, true]);
      expect(expired).toEqual([]);
    } finally {
      vi.mocked(Date.now).mockRestore();
    }
  });

  it("waits for no clock that was set back", async () => {
    const name = closed(-24);
    keep({ gzip: true });
    await vi.waitFor(() =>
      expect(readdirSync(directory).sort()).toEqual([`${name}.gz`, "audit.jsonl"].sort()),
    );
  });

  it("never is anything to the file that is written to, even under the name of a segment", async () => {
    rmSync(path);
    const name = closed(5);
    path = join(directory, name);
    const inode = statSync(path).ino;
    const keeper = new SegmentKeeper(
      () => ({
        directory,
        names: createSegmentNames(join(directory, "audit.jsonl")),
        inode,
        size: 0,
      }),
      { gzip: true, retention: { age: 1 } },
      { expired: () => true, trouble: () => undefined },
    );
    keepers.push(keeper);
    keeper.wake();
    await new Promise((done) => setTimeout(done, 100));
    expect(readdirSync(directory)).toEqual([name]);
  });

  it("is reported when the directory cannot be read, and tried again", async () => {
    rmSync(directory, { recursive: true });
    const { keeper, troubles } = keep({ gzip: true });
    await vi.waitFor(() => expect(troubles).toEqual(["ENOENT"]));
    mkdirSync(directory);
    writeFileSync(path, "");
    const name = closed(5);
    keeper.wake();
    await vi.waitFor(() => expect(readdirSync(directory)).toContain(`${name}.gz`));
  });

  it("is nothing any more once it is closed", async () => {
    closed(5);
    const { keeper, troubles, expired } = keep({ gzip: true, retention: { age: 1 } });
    keeper.close();
    keeper.wake();
    await new Promise((done) => setTimeout(done, 100));
    expect([readdirSync(directory).length, troubles, expired]).toEqual([2, [], []]);
  });

  it("belongs to no request, also where one began it", async () => {
    closed(5);
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const keeper = new SegmentKeeper(
      () => ({ directory, names: createSegmentNames(path), inode: -1, size: 0 }),
      { gzip: false, retention: { age: HOUR } },
      { expired: () => seen.push(request.getStore()) > 0, trouble: () => undefined },
    );
    keepers.push(keeper);
    request.run("request 1", () => keeper.wake());
    await vi.waitFor(() => expect(seen).toEqual([undefined]));
  });

  it("leaves a segment that cannot be compressed as it was", async () => {
    // As root, permissions refuse nothing: a directory in the place of the gzip file does.
    const name = closed(5);
    mkdirSync(join(directory, `${name}.gz`));
    chmodSync(directory, 0o700);
    const { troubles } = keep({ gzip: true });
    await vi.waitFor(() => expect(troubles).toEqual(["EISDIR"]));
    expect(readFileSync(join(directory, name), "utf8")).toBe(record(5));
  });
});
