/** A record, with the members of schema v1. */
export type SampleRecord = Readonly<Record<string, unknown>>;

const STREAM = "0d0c5c1e-7f0a-4f0e-9c55-5b1f7f3a2a01";
const START = Date.parse("2026-11-26T09:30:00.000Z");
const MINUTE = 60_000;

const ROUTES = [
  ["GET", "/orders", "READ", 18],
  ["GET", "/orders/:id", "READ", 9],
  ["POST", "/orders", "CREATE", 42],
  ["GET", "/products", "READ", 6],
  ["GET", "/products/:id", "READ", 5],
  ["POST", "/payments", "CREATE", 180],
  ["GET", "/tenants/:tenant/invoices/:id", "READ", 25],
  ["DELETE", "/admin/users/:id", "DELETE", 33],
] as const;

/** One line of a log. */
export function lineOf(record: SampleRecord): string {
  return JSON.stringify(Object.fromEntries(Object.entries(record).sort(byName)));
}

/** Numbers that look random and are the same every time (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The members that every record has, numbered from 1. */
export function createSource(stream = STREAM): (time: number) => SampleRecord {
  let number = 0;
  return (time) => {
    number += 1;
    return {
      "@timestamp": new Date(time).toISOString(),
      "audit.record.id": `${stream}-${number}`,
      "audit.schema.version": "1",
      observed_timestamp: new Date(time).toISOString(),
      "service.name": "shop",
      "service.version": "1.4.2",
    };
  };
}

/** A request that succeeded, unless more is said. */
export function requestRecord(source: SampleRecord, more: SampleRecord = {}): SampleRecord {
  return {
    ...source,
    "audit.action": "READ",
    "audit.actor.id": "anonymous",
    "audit.actor.type": "anonymous",
    "audit.decisions": ["rateLimit:allow", "oauthGuard:allow"],
    "audit.outcome": "success",
    "audit.severity": "INFO",
    "client.address": "203.0.113.0",
    duration_us: 8200,
    "event.name": "api_request",
    "http.request.id": "3f9c2a6e-0000-4000-8000-000000000000",
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "http.route": "/orders",
    ...more,
  };
}

/** A record of the log about itself. */
export function systemRecord(source: SampleRecord, event: string, more: SampleRecord = {}) {
  return {
    ...source,
    "audit.action": "EXECUTE",
    "audit.actor.id": "express-secure-api",
    "audit.actor.type": "system",
    "audit.outcome": event === "log_dropped" ? "failure" : "success",
    "audit.severity": event === "log_dropped" ? "ERROR" : "WARN",
    "event.name": event,
    ...more,
  };
}

/** An hour of a shop: quiet, then somebody tries tokens and object ids, then payments fail for some minutes. */
export function sampleLog(seed = 7): readonly SampleRecord[] {
  const random = createRandom(seed);
  const source = createSource();
  const records: SampleRecord[] = [
    systemRecord(source(START - 2000), "sys_monitor_enabled", {
      "audit.reason": "started",
      "audit.reporting": ["validate"],
    }),
  ];
  for (let minute = 0; minute < 60; minute += 1) {
    const at = () => START + minute * MINUTE + Math.floor(random() * MINUTE);
    const usual = 60 + Math.round(25 * Math.sin(minute / 7) + 20 * random());
    const times = Array.from({ length: usual }, at).sort();
    for (const time of times) records.push(usualRequest(source(time), random, minute));
    if (minute >= 31 && minute <= 34) records.push(...attack(source, random, minute));
    if (minute === 34) {
      records.push({
        ...systemRecord(source(START + 34 * MINUTE + 30_000), "authn_login_fail_max"),
        "audit.alert.count": 312,
        "audit.severity": "CRITICAL",
        "client.address": "198.51.100.77",
        "security_rule.category": "AE2",
        "security_rule.name": "auth-burst",
      });
    }
  }
  const flood = source(START + 32 * MINUTE);
  records.push({
    ...requestRecord(flood, refusal("malicious_cors", "cors_not_allowed", 403, "secureHeaders")),
    "audit.repeat.count": 240,
    "audit.repeat.first": flood["@timestamp"],
    "audit.repeat.last": flood["@timestamp"],
    "client.address": "192.0.2.66",
    duration_us: undefined,
    "http.request.id": undefined,
    "http.request.method": "OPTIONS",
  });
  return records;
}

/** The members that a refusal changes. */
export function refusal(
  event: string,
  reason: string,
  status: number,
  guard: string,
  severity = "CRITICAL",
): SampleRecord {
  return {
    "audit.decisions": ["rateLimit:allow", `${guard}:deny:${reason}`],
    "audit.outcome": "failure",
    "audit.reason": reason,
    "audit.severity": severity,
    "error.type": reason,
    "event.name": event,
    "http.response.status_code": status,
  };
}

function usualRequest(source: SampleRecord, random: () => number, minute: number): SampleRecord {
  const [method, route, action, base] =
    ROUTES[Math.floor(random() ** 1.7 * ROUTES.length)] ?? ROUTES[0];
  const user = Math.floor(random() ** 2 * 24);
  const members = {
    "audit.action": action,
    "audit.actor.client_id": "shop-web",
    "audit.actor.id": `user-${String(1000 + user)}`,
    "audit.actor.type": "user",
    "client.address": `203.0.${113 + (user % 5)}.0`,
    duration_us: Math.round(base * 1000 * Math.exp(1.1 * (random() + random() + random() - 1.5))),
    "http.request.method": method,
    "http.route": route,
    "http.response.status_code": method === "POST" ? 201 : 200,
  };
  const dice = random();
  if (route === "/payments" && minute >= 44 && minute <= 49 && dice < 0.7) {
    return requestRecord(source, {
      ...members,
      "audit.outcome": "failure",
      "audit.severity": "ERROR",
      duration_us: 10_004_211,
      "error.type": "TimeoutError",
      "http.response.status_code": 503,
    });
  }
  if (dice < 0.02) {
    return requestRecord(source, {
      ...members,
      ...refusal("authz_fail", "missing_role", 403, "requireRole"),
      "client.address": `203.0.113.${10 + user}`,
    });
  }
  if (dice < 0.045) {
    return requestRecord(source, {
      ...members,
      "audit.outcome": "failure",
      "error.type": "404",
      "http.response.status_code": 404,
    });
  }
  if (dice < 0.05) {
    return requestRecord(source, {
      ...members,
      "audit.aborted": true,
      "audit.outcome": "unknown",
      "error.type": "connection_closed",
      "http.response.status_code": undefined,
    });
  }
  if (dice < 0.075) {
    return requestRecord(source, {
      ...members,
      "audit.decisions": [
        "rateLimit:allow",
        "oauthGuard:allow",
        "validate:report:validation_failed",
      ],
      "audit.reported.code": "validation_failed",
      "audit.reported.count": 1,
      "audit.reported.first": "validate",
      "audit.reported.reason": "unknown_field",
      "audit.reported.status": 422,
    });
  }
  return requestRecord(source, members);
}

function attack(
  source: (time: number) => SampleRecord,
  random: () => number,
  minute: number,
): readonly SampleRecord[] {
  return Array.from({ length: minute === 32 ? 130 : 61 }, (_, index) => {
    const time = START + minute * MINUTE + Math.floor((index / 131) * MINUTE);
    const [event, reason, status, guard] =
      random() < 0.7
        ? (["authn_login_fail", "token_expired", 401, "oauthGuard"] as const)
        : (["excess_rate_limit_exceeded", "rate_limit_exceeded", 429, "rateLimit"] as const);
    return requestRecord(source(time), {
      ...refusal(event, reason, status, guard, "WARN"),
      "client.address": "198.51.100.77",
      duration_us: 300 + Math.floor(random() * 400),
      "http.route": "/orders/:id",
    });
  });
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** Texts that do something where somebody believes them: in markup, addresses, styles, scripts, terminals, layouts. */
const HOSTILE = [
  "<script>injected = true</script>",
  "</script><script>injected = true</script>",
  "</style></title></textarea></svg><script>injected = true</script>",
  "<img src=/evil.png onerror='injected = true'>",
  "<svg onload=injected=true><image href=/evil.svg></svg>",
  `"><iframe src="/evil.html"></iframe>`,
  `" onmouseover="injected = true" autofocus onfocus="injected = true" x="`,
  "' style='background:url(/evil.css)' '",
  "javascript:injected=true",
  "data:text/html,<script>top.injected=true</script>",
  "<base href=https://evil.example/><form action=/evil><link rel=stylesheet href=/evil.css>",
  "<!-- --><![CDATA[<x>]]><?xml ?>",
  "&lt;script&gt;&#60;script&#62;&amp;",
  "\u202eevil\u2066\u2069\u200f abc \u05d0\u05d1\u05d2 \u0627\u0644",
  "line\u2028separator\u2029\r\n\u0085end\u0000\u001b[31mred\u001b]8;;http://evil.example\u0007",
  `Z${"\u0301\u0316\u035c".repeat(80)}algo`,
  "\ud800 lone \udfff \ufffe \uffff",
  "W".repeat(300),
  "\u{1f469}\u200d\u{1f4bb}".repeat(60),
  "{{constructor.constructor('injected=true')()}} <%= injected %>",
  "__proto__",
  "constructor",
] as const;

/** A log in which clients and whoever could write to it have put everything that may do harm, and much of it. */
export function hostileLog(): readonly string[] {
  const source = createSource();
  const start = START;
  const lines = HOSTILE.flatMap((text, index) => {
    const time = start + index * MINUTE;
    const members = {
      "audit.actor.client_id": text,
      "audit.actor.id": text,
      "audit.actor.type": text,
      "audit.decisions": [`${text}:deny:${text}`, "__proto__:deny:x", "constructor:allow"],
      "audit.outcome": "failure",
      "audit.reason": text,
      "audit.reported.changes": [text],
      "audit.reported.code": text,
      "audit.reported.first": text,
      "audit.reported.reason": `${text}!`,
      "audit.reported.row": text,
      "audit.reports.new": [text],
      "audit.severity": text,
      "client.address": text,
      "event.name": text,
      "http.request.method": text,
      "http.response.status_code": 403,
      "http.route": text,
      "service.name": text,
    };
    return [
      requestRecord(source(time), members),
      requestRecord(source(time + 1), { ...members, "http.response.status_code": 500 }),
      {
        ...systemRecord(source(time + 2), "security_alert"),
        ...members,
        "audit.alert.count": Number.MAX_SAFE_INTEGER,
        "audit.alert.key": text,
        "security_rule.category": text,
        "security_rule.name": text,
      },
      systemRecord(source(time + 3), "sys_monitor_enabled", {
        "audit.notice": text,
        "audit.reason": text,
        "audit.reporting": [text],
        "audit.unused": [text],
        "service.name": text,
      }),
      systemRecord(source(time + 4), "log_dropped", {
        "audit.lost.count": Number.MAX_SAFE_INTEGER,
        "audit.lost.since": text,
        "audit.sink.name": text,
      }),
      { ...requestRecord(source(time + 5), members), "audit.event.source": "app" },
    ].map(lineOf);
  });
  const plain = lineOf(requestRecord(source(start)));
  return [
    ...lines,
    lineOf(requestRecord(source(start), { "http.route": `<b>${"y".repeat(1_000_000)}` })),
    plain.replace("{", '{"__proto__":{"event.name":"polluted"},"constructor":{"prototype":1},'),
    Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0xc3, 0x28, 0x22, 0x7d]).toString("utf8"),
    plain.slice(0, 200),
    "<script>injected = true</script>",
    ...Array.from({ length: 6000 }, (_, index) =>
      lineOf(
        requestRecord(source(start + index), {
          ...refusal(`<i>${index}`, `<u>${index}`, 400, `<s>${index}`),
          "client.address": `<b>${index}`,
          "http.route": `/<a href=/evil>${index}`,
        }),
      ),
    ),
  ];
}
