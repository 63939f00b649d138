import { linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readHeaderFile } from "./read-header-file.js";
import { readScanArguments } from "./scan-arguments.js";

const folder = mkdtempSync(join(tmpdir(), "scan-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the arguments of a scan", () => {
  it("are read, with their defaults", () => {
    expect(readScanArguments(["http://localhost:3000"])).toEqual({
      target: {
        protocol: "http:",
        hostname: "localhost",
        port: 3000,
        origin: "http://localhost:3000",
        path: "/",
        isLocal: true,
      },
      format: "table",
      out: undefined,
      failUnder: "B",
      headerFile: undefined,
      paths: [],
      origin: undefined,
      httpPort: undefined,
      waitMs: 0,
    });
    const all =
      "https://API.example.com/v1?a=1#x --allow-host api.example.com --format sarif --out o --fail-under A+ --path /a --path /b?c --origin https://app.example.com --header-file h --http-port 8080 --wait 30s";
    expect(readScanArguments(all.split(" "))).toMatchObject({
      target: { hostname: "api.example.com", port: 443, path: "/v1?a=1", isLocal: false },
      format: "sarif",
      failUnder: "A+",
      paths: ["/a", "/b?c"],
      origin: "https://app.example.com",
      httpPort: 8080,
      waitMs: 30_000,
    });
  });

  it.each([
    "http://127.0.0.1",
    "http://127.1:80",
    "https://[::1]:8443/",
    "http://app.localhost",
    "http://LOCALHOST",
  ])("need no leave for this machine: %s", (url) => {
    expect(readScanArguments([url])?.target.isLocal).toBe(true);
  });

  it.each([
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://10.0.0.1",
    "http://0.0.0.0",
    "http://[::ffff:127.0.0.1]",
    "http://localhost.",
  ])("need leave for any other machine: %s", (url) => {
    expect(() => readScanArguments([url])).toThrow("is another machine: scan it only if you may");
  });

  it("ask for help", () => {
    expect(readScanArguments(["--help"])).toBeUndefined();
  });

  it.each<[string, string]>([
    ["", "name the URL of the API: express-secure-api scan http://localhost:3000"],
    ["localhost:3000", "the URL must begin with http:// or https://, as http://localhost:3000"],
    ["ftp://localhost", "the URL must begin with http:// or https://"],
    ["http://u:s3cret@localhost", "must hold no user and no password: use --header-file"],
    ["http://localhost http://localhost:1", 'name one URL, got "http://localhost:1" as well'],
    ["http://a.example --allow-host b.example", "a.example is another machine"],
    ["http://a.example --allow-host .example", "a.example is another machine"],
    ["http://a.example --allow-host *", "a.example is another machine"],
    ["http://localhost --fail-under a", '--fail-under has no "a"'],
    ["http://localhost --fail-under E", '--fail-under has no "E"'],
    ["http://localhost --fail-under=", "--fail-under is empty: is a variable missing?"],
    ["http://localhost --allow-host=", "--allow-host is empty: is a variable missing?"],
    ["http://localhost --header-file=", "--header-file is empty: is a variable missing?"],
    ["http://localhost --headerfile", 'no option "--headerfile": did you mean "--header-file"?'],
    ["http://localhost --format junit", '--format has no "junit"'],
    ["http://localhost --path orders", "--path must begin with one slash"],
    ["http://localhost --path //evil.example", "--path must begin with one slash"],
    [`http://localhost ${"--path /a ".repeat(6).trim()}`, "--path may stand 5 times, got 6"],
    ["http://localhost --origin app.example.com", "--origin must be an origin"],
    ["http://localhost --origin https://a.example/", 'did you mean "https://a.example"?'],
    ["http://localhost --http-port 80", "--http-port is for an https URL"],
    ["https://localhost --http-port 99999", "--http-port must be from 1 to 65535"],
    ["http://localhost --wait 30", "--wait must be a duration of at most 10m, as 30s"],
    ["http://localhost --wait 1h", "--wait must be a duration of at most 10m"],
    ["http://localhost --out h --header-file h", "--out would overwrite h"],
    ["http://localhost --out ./h --header-file h", "--out would overwrite ./h"],
  ])("that are wrong are one line: %s", (args, line) => {
    const read = () => readScanArguments(args.split(" ").filter((one) => one !== ""));
    expect(read).toThrow(
      expect.objectContaining({ name: "CommandError", message: expect.stringContaining(line) }),
    );
    expect(read).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("s3cret") }),
    );
  });
});

describe("a file for the report", () => {
  it.each([
    ["a link", symlinkSync],
    ["another name of the file", linkSync],
  ])("does not overwrite the header file by %s", (_what, link) => {
    const [file, out] = [join(folder, `of-${link.name}`), join(folder, `out-${link.name}`)];
    writeFileSync(file, "Authorization: Bearer s3cret-token");
    link(file, out);
    const args = ["http://localhost", "--out", out, "--header-file", file];
    expect(() => readScanArguments(args)).toThrow("--out would overwrite");
  });
});

describe("a file of header fields", () => {
  const write = (text: string): string => {
    const file = join(folder, "headers");
    writeFileSync(file, text);
    return file;
  };

  it("is read, and says what no report may show", () => {
    const text = "\uFEFFAuthorization: Bearer s3cret-token\r\n\r\nCookie: sid=abcdef; t=1\n";
    const { headers, secrets } = readHeaderFile(write(text));
    expect(headers).toEqual({ Authorization: "Bearer s3cret-token", Cookie: "sid=abcdef; t=1" });
    expect(secrets).toEqual(expect.arrayContaining(["s3cret-token", "abcdef"]));
  });

  it("says so of each spelling in which servers repeat it, and of the password of Basic", () => {
    const pair = Buffer.from("someone:p&ss: word").toString("base64");
    const text = `Authorization: Basic ${pair}\nCookie: sid=s%3Aabcdef%2Fgh`;
    const { secrets } = readHeaderFile(write(text));
    expect(secrets).toEqual(
      expect.arrayContaining([
        "someone:p&ss: word",
        "p&ss: word",
        "p&amp;ss: word",
        "p%26ss%3A%20word",
        "s%3Aabcdef%2Fgh",
        "s:abcdef/gh",
      ]),
    );
    expect(secrets.map(({ length }) => length)).toEqual(
      secrets.map(({ length }) => length).toSorted((one, other) => other - one),
    );
  });

  it.each<[string, string]>([
    ["", "is empty: is a variable missing?"],
    ["\n\n", "is empty: is a variable missing?"],
    ["Authorization:", "is no header field: write Name: value"],
    ["Bearer s3cret-token", "line 1 of"],
    ["X-A: 1\nX B: s3cret-token", "line 2 of"],
    ["X-A: s3cret-t\u00f6ken", "is no header field"],
    ["X-A: s3cret\rX-B: 1", "is no header field"],
    ["Host: s3cret-token", "must not set Host: the scan does"],
    ["ORIGIN: https://s3cret.example", "must not set ORIGIN"],
    ["Cookie: a=1\ncookie: b=s3cret-token", "line 2 of"],
  ])("is refused without showing it: %j", (text, line) => {
    const file = write(text);
    expect(() => readHeaderFile(file)).toThrow(line);
    expect(() => readHeaderFile(file)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("s3cret") }),
    );
  });

  it("is refused when it is not there", () => {
    expect(() => readHeaderFile(join(folder, "none"))).toThrow("could not be read: Error: ENOENT");
  });
});
