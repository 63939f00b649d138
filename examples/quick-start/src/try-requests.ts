// Fires the requests over HTTP and notes, for each, what the API answered and which guard decided.
import { subscribe } from "node:diagnostics_channel";
import type { Expected } from "./requests.js";

export interface Row {
  readonly title: string;
  readonly status: string;
  readonly code: string;
  readonly guard: string;
  readonly asExpected: boolean;
}

/** Decisions are published in this process: one subscriber sees who refused. */
interface Decision {
  readonly guard: string;
  readonly outcome: "allow" | "deny" | "error";
}

export async function tryRequests(
  base: string,
  requests: readonly Expected[],
): Promise<readonly Row[]> {
  let refusedBy: string | undefined;
  subscribe("express-secure-api:decision", (message) => {
    const { guard, outcome } = message as Decision;
    if (outcome !== "allow") refusedBy = guard;
  });

  const rows: Row[] = [];
  for (const expected of requests) {
    refusedBy = undefined;
    let answer = await send(base, expected);
    let sent = 1;
    for (; answer.status !== expected.status && sent < (expected.repeat ?? 1); sent += 1)
      answer = await send(base, expected);
    rows.push({
      title: expected.repeat === undefined ? expected.title : `${expected.title} (request ${sent})`,
      status: String(answer.status),
      code: answer.code ?? "",
      guard: refusedBy ?? "",
      asExpected:
        answer.status === expected.status &&
        answer.code === expected.code &&
        refusedBy === expected.guard,
    });
  }
  return rows;
}

export function table(rows: readonly Row[]): string {
  const cells = [
    ["request", "status", "code", "refused by"],
    ...rows.map(({ title, status, code, guard, asExpected }) => [
      title,
      status,
      code || "-",
      asExpected ? guard || "-" : `${guard || "-"}   <-- not as expected`,
    ]),
  ];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...cells.map((line) => line[column]?.length ?? 0)),
  );
  const lines = cells.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
  lines.splice(1, 0, "-".repeat(Math.max(...lines.map((line) => line.length))));
  return lines.join("\n");
}

async function send(
  base: string,
  { method, path, headers, body }: Expected,
): Promise<{ status: number; code?: string }> {
  const response = await fetch(base + path, {
    method,
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const isProblem =
    response.headers.get("content-type")?.startsWith("application/problem+json") === true;
  if (!isProblem) return { status: response.status };
  return { status: response.status, code: (JSON.parse(text) as { code: string }).code };
}
