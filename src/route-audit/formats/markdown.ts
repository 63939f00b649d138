import { guardInWords } from "../facts/guard-words.js";
import { limitInWords } from "../facts/limit-words.js";
import { requirementInWords } from "../facts/requirement.js";
import { factsOf, type RouteFacts, type Validation } from "../facts/route-facts.js";
import type { AuditedRoute } from "../report/route-report.js";
import { escapeMarkdown, markdownBlock, markdownCode } from "./escape.js";
import { type Format, sortedRoutes, summaryOf } from "./format-options.js";

const PART_NAMES: Readonly<Record<string, string>> = {
  body: "Body",
  query: "Query parameters",
  params: "Path parameters",
  headers: "Header fields",
  cookies: "Cookies",
};

/**
 * A page for the users of the API: what each route asks for, and what it answers to those who lack it. Findings are for
 * the people who make the API, and do not stand there.
 */
export const formatMarkdown: Format = (report, { title, version }) => {
  const name = [title ?? "API", version].filter((part) => part !== undefined).join(" ");
  const routes = sortedRoutes(report);
  const parts = [
    `# ${escapeMarkdown(name)}: routes`,
    `${summaryOf(report)}. Refusals are problem documents (\`application/problem+json\`, RFC 9457) whose member \`code\` is one of those listed.`,
    ...(routes.length === 0 ? [] : [overviewOf(routes)]),
    ...routes.map(sectionOf),
  ];
  return `${parts.join("\n\n")}\n`;
};

function overviewOf(routes: readonly AuditedRoute[]): string {
  const rows = routes.map((route) => {
    const facts = factsOf(route);
    const limits = facts.limits.map((limit) => escapeMarkdown(limitInWords(limit)));
    const cells = [
      markdownCode(`${route.method} ${route.path}`),
      route.status,
      escapeMarkdown(callersOf(route, facts)),
      limits.join("; ") || "-",
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return ["| route | status | callers | limits |", "|---|---|---|---|", ...rows].join("\n");
}

/** Who may call, in words. */
function callersOf(route: AuditedRoute, facts: RouteFacts): string {
  const { authentication, requirements } = facts;
  if (requirements.length > 0) return requirements.map(requirementInWords).join(" and ");
  if (authentication.some(({ optional }) => !optional)) return "everybody who is authenticated";
  if (route.status === "unresolved") return "not known";
  if (route.status === "guarded") return "whom the guards let pass";
  return "everybody";
}

function sectionOf(route: AuditedRoute): string {
  const facts = factsOf(route);
  const { authentication, limits, limitHeaders, validations, answers, unknown, reporting } = facts;
  const known = authentication.map(
    ({ guard, optional }) => `${markdownCode(guard)}${optional ? " (optional)" : ""}`,
  );
  const fields = [...new Set(["Retry-After", ...limitHeaders])].map(markdownCode).join(", ");
  const lines = [
    `- Callers: ${escapeMarkdown(callersOf(route, facts))}${because(route)}`,
    ...(known.length === 0 ? [] : [`- Authentication: ${known.join(", ")}`]),
    ...limits.map(
      (limit) => `- Limit ${markdownCode(limit.name)}: ${escapeMarkdown(limitInWords(limit))}`,
    ),
    ...(limits.length === 0
      ? []
      : [`- Over a limit: 429 \`rate_limit_exceeded\`, with the fields ${fields}`]),
    ...unknown.map(
      (guard) =>
        `- Not known: the details of ${markdownCode(guardInWords(guard))}, because something wraps it`,
    ),
    ...reporting.map((guard) => `- Refuses nobody yet: ${markdownCode(guardInWords(guard))}`),
  ];
  const refusals = answers.map(
    ({ status, codes }) => `| ${status} | ${codes.map(markdownCode).join(", ")} |`,
  );
  const parts = [
    `## ${markdownCode(`${route.method} ${route.path}`)}`,
    lines.join("\n"),
    ...validations.flatMap(schemasOf),
    ...(refusals.length === 0 ? [] : [["| status | codes |", "|---|---|", ...refusals].join("\n")]),
  ];
  return parts.join("\n\n");
}

function because({ status, reason }: AuditedRoute): string {
  return reason === undefined || status === "guarded" ? "" : ` (${escapeMarkdown(reason)})`;
}

function schemasOf({ schemas, contentTypes }: Validation): readonly string[] {
  return Object.entries(schemas).flatMap(([part, schema]) => {
    const types = part === "body" && contentTypes.length > 0 ? contentTypes : [];
    const known = Object.hasOwn(PART_NAMES, part) ? PART_NAMES[part] : undefined;
    const name = known ?? escapeMarkdown(part);
    const title = `${name}${types.length === 0 ? "" : ` (${types.map(markdownCode).join(", ")})`}`;
    return typeof schema === "object"
      ? [`${title}:`, markdownBlock("json", JSON.stringify(schema, undefined, 2))]
      : [`${title}: validated by a schema that cannot be shown as JSON Schema.`];
  });
}
