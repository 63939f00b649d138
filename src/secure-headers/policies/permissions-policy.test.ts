import { parseDictionary } from "structured-headers";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";
import { FEATURES } from "./permission-features.js";

const FIELD = "permissions-policy";

describe.each(expressVersions)("Permissions-Policy on Express %s", (_major, express) => {
  async function sent(options: SecureHeadersOptions): Promise<string | undefined> {
    const app = express().use(secureHeaders(options));
    return (await request(app).get("/")).headers[FIELD];
  }

  it.each<[string, SecureHeadersOptions, string | undefined]>([
    ["nothing under api", {}, undefined],
    ["nothing when it is off", { preset: "web", permissionsPolicy: false }, undefined],
    [
      "what an object names",
      {
        permissionsPolicy: {
          camera: "none",
          fullscreen: "*",
          geolocation: "self",
          payment: ["self", "https://pay.example.com", "https://*.example.org"],
          usb: "https://usb.example.com",
        },
      },
      'camera=(), fullscreen=*, geolocation=(self), payment=(self "https://pay.example.com" "https://*.example.org"), usb=("https://usb.example.com")',
    ],
  ])("is %s", async (_title, options, expected) => {
    const value = await sent(options);
    expect(value).toBe(expected);
    if (value !== undefined) expect(parseDictionary(value).size).toBe(value.split("=").length - 1);
  });

  it("changes the features that an object names, under the preset web", async () => {
    const before = await sent({ preset: "web" });
    const after = await sent({
      preset: "web",
      permissionsPolicy: { camera: "self", gamepad: "none" },
    });
    expect(after).toBe(`${before?.replace("camera=()", "camera=(self)")}, gamepad=()`);
  });

  it("denies with one word what reaches the device or the user's data", async () => {
    const value = (await sent({ permissionsPolicy: "deny-all" })) ?? "";
    const features = parseDictionary(value);
    expect(
      [...features.values()].every(([allowlist]) => (allowlist as unknown[]).length === 0),
    ).toBe(true);
    expect([...features.keys()]).toEqual(
      expect.arrayContaining(["camera", "geolocation", "microphone", "payment", "usb"]),
    );
    for (const name of features.keys()) expect(FEATURES).toContain(name);
  });

  it("stays away in report mode", async () => {
    expect(await sent({ mode: "report", permissionsPolicy: "deny-all" })).toBeUndefined();
  });
});

describe("permissionsPolicy", () => {
  it.each<[string, unknown, string]>([
    ["an unset variable", undefined, "secureHeaders.permissionsPolicy must not be undefined"],
    [
      "true",
      true,
      'permissionsPolicy must be "deny-all", false or an object of features, got true',
    ],
    ["a header value", "camera=()", "permissionsPolicy must be"],
    ["no feature", {}, "permissionsPolicy must name a feature"],
    [
      "a feature in camel case",
      { displayCapture: "none" },
      'must not have a feature "displayCapture": did you mean "display-capture"?',
    ],
    ["a misspelt feature", { geolocaton: "none" }, 'did you mean "geolocation"?'],
    [
      "a feature of no browser",
      { teleport: "none" },
      "must not have a feature with a name of 8 characters: it is on no list",
    ],
    ["an empty list", { camera: [] }, 'permissionsPolicy["camera"] must be "none", "self", "*",'],
    ["a star in a list", { camera: ["self", "*"] }, 'got "*" in a list'],
    [
      "an unset origin",
      { camera: ["self", undefined] },
      'permissionsPolicy["camera"] must be "none",',
    ],
    ["an origin with a path", { camera: "https://a.example/" }, 'write "https://a.example"'],
    ["quotes as in a CSP", { camera: "'self'" }, 'permissionsPolicy["camera"] must'],
    ["one twice", { camera: ["self", "self"] }, "must not repeat an earlier entry"],
    ["a function", { camera: () => "self" }, "got a function"],
  ])("refuses %s", (_title, permissionsPolicy, problem) => {
    expect(() => secureHeaders({ permissionsPolicy } as SecureHeadersOptions)).toThrow(problem);
  });
});
