import type { AuditedRoute, OpaqueHandler, RouteReport, RouteStatus } from "./route-report.js";

/** An entry of a report under the name that baselines and lists of exceptions know it by. */
export interface LabelledEntry {
  /** `GET /users/:id`; `use /files serveStatic` for a handler that is no route. */
  readonly label: string;
  readonly method: string;
  readonly path: string;
  /** Of a handler that is no route. */
  readonly handler?: string;
  readonly status: RouteStatus;
  readonly reason?: string | undefined;
}

/** The name of a route. */
export function routeLabel({ method, path }: Pick<AuditedRoute, "method" | "path">): string {
  return `${method} ${path}`;
}

/** Every route and handler of a report; one handler with several paths is several entries. */
export function entriesOf({ routes, handlers }: RouteReport): readonly LabelledEntry[] {
  return [
    ...routes.map((route) => {
      const { method, path, status, reason } = route;
      return { label: routeLabel(route), method, path, status, reason };
    }),
    ...handlers.flatMap(handlerEntries),
  ];
}

/** Whether it counts as open. */
export function isOpen({ status }: Pick<LabelledEntry, "status">): boolean {
  return status === "open" || status === "unresolved";
}

function handlerEntries({ name, paths, status }: OpaqueHandler): readonly LabelledEntry[] {
  return paths.map((path) => ({
    label: `use ${path} ${name}`,
    method: "*",
    path,
    handler: name,
    status,
  }));
}
