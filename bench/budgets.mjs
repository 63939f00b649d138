/**
 * What the library may cost, as ratios. They are promises for Node 24 and later: on older ones the library mends what
 * Express loses there (`src/core/request/cheap-reads.ts`), which would make it look cheaper than it is.
 */
const CURRENT = {
  bare: 1.4,
  addedByPeers: 0.12,
  fastify: 0.6,
  fastifyCached: 1.0,
  firstSight: 2.0,
  authorization: 0.5,
  rateLimit: 0.5,
  securityHeaders: 0.6,
  bytesPerKey: 100,
  auditRecord: 1.0,
  require: 0.8,
  /** Milliseconds. */
  blockedLoop: 50,
};

const OLDER = { bare: 1.15, require: 0.8 };

/** What `--check` enforces, where it is promised. */
export const CHECKED = ["bare", "addedByPeers"];

/** @param version - `v24.1.0` */
export function budgetsFor(version) {
  return Number.parseInt(version.slice(1), 10) >= 24 ? CURRENT : OLDER;
}
