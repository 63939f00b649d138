import type { HeaderPlan } from "../headers/header-plan.js";
import { PRESETS, type Preset } from "../headers/presets.js";
import type { PageProfile } from "./header-overrides.js";
import { frameAncestors } from "./keep-framing.js";
import { mergeOptions, type RawOptions } from "./merge-options.js";

/** Options over a preset. */
export interface LayeredOptions {
  readonly options: RawOptions;
  readonly preset: Preset;
}

/** The names of the profiles. */
export const PAGE_PROFILES = ["web", "swagger-ui"] as const satisfies readonly PageProfile[];

const SELF = Object.freeze(["'self'"]);

/**
 * What `swagger-ui-express` and `swagger-ui-dist` need, as Chromium shows: two `<style>` elements and `style` attributes
 * in the page, and one element that the bundle makes, with a text that differs between versions. Their icons are
 * `data:` images. Scripts are files.
 */
const SWAGGER_UI: RawOptions = {
  helmet: {
    contentSecurityPolicy: {
      directives: {
        scriptSrc: SELF,
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:"],
        connectSrc: SELF,
      },
    },
  },
  // Beside a nonce, browsers ignore 'unsafe-inline'.
  csp: { nonce: false },
};

/** The options of a profile over those of all other paths. */
export function applyProfile(
  profile: PageProfile,
  base: LayeredOptions,
  plan: HeaderPlan,
): LayeredOptions {
  return profile === "web"
    ? webPages(base, plan)
    : { ...base, options: mergeOptions(base.options, SWAGGER_UI) };
}

/** Whatever concerns the whole host, or is no matter of pages, stays; so does who may frame them. */
function webPages({ options, preset }: LayeredOptions, plan: HeaderPlan): LayeredOptions {
  const { web } = PRESETS;
  const pinning = preset.helmet["strictTransportSecurity"];
  const kept: Record<string, unknown> = Object.assign(Object.create(null), options["helmet"]);
  Reflect.deleteProperty(kept, "contentSecurityPolicy");
  const pages = { ...options, helmet: kept };
  return {
    options: mergeOptions(pages, { helmet: framing(plan) }),
    preset: {
      ...web,
      helmet: Object.freeze({ ...web.helmet, strictTransportSecurity: pinning ?? true }),
      pinsEverywhere: preset.pinsEverywhere,
    },
  };
}

function framing(plan: HeaderPlan): RawOptions {
  const ancestors = frameAncestors(plan);
  const action = plan.headers.find(({ name }) => name === "X-Frame-Options")?.value ?? "";
  return {
    ...(ancestors === undefined
      ? {}
      : { contentSecurityPolicy: { directives: { frameAncestors: ancestors } } }),
    ...(action === "" ? {} : { xFrameOptions: { action: action.toLowerCase() } }),
  };
}
