/**
 * The functions that `test/integration/observing-functions.test.ts` tries, as `functionOptions` names them: what they do
 * changes no answer.
 */
export const OBSERVING: readonly string[] = [
  // See src/audit-log/delivery/failure-policy.test.ts.
  "auditLog.onShutdown",
  // They seal the log: see src/audit-log/chain/signed-log.test.ts.
  "auditLog.integrity.onCheckpoint",
  "auditLog.integrity.sign",
  // They look at what is over already: see src/audit-log/alerts/hostile-rules.test.ts and src/audit-log/alert-to.test.ts.
  "alertTo.block",
  "alertTo.unblock",
  "auditLog.alerts.account",
  "auditLog.alerts.rules.by",
  "auditLog.alerts.rules.when",
  // Called at the start, where what they throw is thrown: see src/audit-log/*-metrics.test.ts.
  "openTelemetryMetrics.api.metrics.getMeter",
  "openTelemetryMetrics.meter.createHistogram",
  "openTelemetryMetrics.meter.createObservableCounter",
  "openTelemetryMetrics.meter.createObservableGauge",
  "prometheusMetrics.client.register.getSingleMetric",
  "prometheusMetrics.client.register.removeSingleMetric",
  "prometheusMetrics.register.getSingleMetric",
  "prometheusMetrics.register.removeSingleMetric",
  "auditLog.sinks.close",
  "auditLog.sinks.log",
  // See src/audit-log/open-telemetry.test.ts.
  "auditLog.trace.openTelemetry.trace.getActiveSpan",
  // A logger of the app is called by the app: see src/audit-log/child-logger.test.ts.
  "childLogger.child",
  "childLogger.info",
  "errorHandler.onError",
  "secureHeaders.https.onPlaintextCredential",
  // What the app is, and what is told that it ends or fails: see src/server/*.test.ts.
  "createSecureServer",
  "gracefulShutdown.onClose",
  "gracefulShutdown.onDrain",
  "gracefulShutdown.onError",
  "gracefulShutdown.readiness",
  "readyz.onFail",
  // They answer, or are told of what was decided: see src/rate-limit/express-rate-limit/app-functions.test.ts.
  "express-rate-limit: rateLimit.handler",
  "express-rate-limit: rateLimit.identifier",
  "express-rate-limit: rateLimit.logger.error",
  "express-rate-limit: rateLimit.logger.warn",
  "express-rate-limit: rateLimit.requestWasSuccessful",
  "express-rate-limit: rateLimit.retryAfter",
  "express-rate-limit: rateLimit.store.decrement",
  "express-rate-limit: rateLimit.store.get",
  "express-rate-limit: rateLimit.store.init",
  "express-rate-limit: rateLimit.store.resetAll",
  "express-rate-limit: rateLimit.store.resetKey",
  "express-rate-limit: rateLimit.store.shutdown",
  // Decides after the answer whether a charge stands: see src/rate-limit/count.test.ts.
  "rateLimit.count",
  "rateLimit.policies.count",
  // Decides after the answer what a request has cost: there as well.
  "rateLimit.costAfter",
  "rateLimit.policies.costAfter",
  // They give back what is refused, or do what an app says by hand: see src/rate-limit/flexible.
  "fromRateLimiterFlexible.delete",
  "fromRateLimiterFlexible.penalty",
  "fromRateLimiterFlexible.reward",
  "fromRateLimiterFlexible.set",
  "loginThrottle.failed",
  "loginThrottle.store.block",
  "loginThrottle.store.charge",
  "loginThrottle.store.close",
  // One that fails is no store that is ready: see src/rate-limit/algorithms.test.ts.
  "loginThrottle.store.isReady",
  "loginThrottle.store.refund",
  "loginThrottle.store.reset",
  // Called for what an app does by hand, which is told when it fails: see src/rate-limit/stages.test.ts.
  "rateLimit.store.block",
  "rateLimit.store.charge",
  "rateLimit.store.close",
  "rateLimit.store.isReady",
  "rateLimit.store.refund",
  "rateLimit.store.reset",
  // What they are good for is in src/rate-limit/redis: to listen to a client, and to wake one up.
  // See src/secure-headers/report-collector.test.ts.
  "reportCollector.onReport",
  "redisStore.connect",
  "redisStore.on",
];

/** What a verifier without Express asks: the options that hold the function. */
export const VERIFYING: Readonly<Record<string, (asked: unknown) => object>> = {
  "createTokenVerifier.jwks": (jwks) => ({ jwks }),
  "createTokenVerifier.principal.kind": (kind) => ({ principal: { kind } }),
  "createTokenVerifier.keys.fetch": (fetch) => ({
    jwksUri: "https://issuer.test/jwks",
    keys: { fetch },
  }),
  "createTokenVerifier.issuer.jwks": (jwks) => ({ entry: { jwks } }),
  "createTokenVerifier.issuer.principal.kind": (kind) => ({ entry: { principal: { kind } } }),
};
