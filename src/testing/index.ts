export {
  createTestIssuer,
  type MintOverrides,
  type TestGuardOptions,
  type TestIssuer,
  type TestIssuerOptions,
} from "./create-test-issuer.js";
export type { TestAlgorithm, TestJwkSet } from "./signing-key.js";
