import { describe, expect, it } from "vitest";
import { pathWithin, readTarget } from "./scan-target.js";

describe("the path of a redirect", () => {
  const target = readTarget("http://localhost:3000/v1", []);

  it.each([
    ["/a?b#c", "/a?b"],
    ["?b", "/v1?b"],
    ["http://LOCALHOST:3000/\u00fc", "/%C3%BC"],
    ["//localhost:3000//evil.example/", "//evil.example/"],
  ])("leads within the origin: %s", (location, path) => {
    expect(pathWithin(target, "/v1", location)).toBe(path);
  });

  it.each([
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "\t//evil.example/",
    "http:\\\\evil.example",
    "http://localhost:3000@evil.example/",
    "http://localhost:3001/",
    "https://localhost:3000/",
    "file:///etc/passwd",
    "blob:http://localhost:3000/1b4e28ba",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://2852039166/",
    "javascript:alert(1)",
    "http://",
  ])("leads nowhere else: %s", (location) => {
    expect(pathWithin(target, "/v1", location)).toBeUndefined();
  });
});
