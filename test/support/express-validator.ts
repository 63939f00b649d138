import * as validator7 from "express-validator";
import * as validator6 from "express-validator6";

/** The oldest and the newest supported express-validator, for `describe.each(validatorVersions)("… %s", (_major, { body }) => …)`. */
export const validatorVersions: readonly (readonly [
  major: string,
  validator: typeof validator7,
])[] = [
  ["6", validator6],
  ["7", validator7],
];
