import type { Format } from "./formats/format-options.js";
import { formatHtml } from "./formats/html.js";
import { formatJson } from "./formats/json.js";
import { formatJunit } from "./formats/junit.js";
import { formatMarkdown } from "./formats/markdown.js";
import { formatSarif } from "./formats/sarif.js";
import { formatTable } from "./formats/table.js";
import { formatOpenApi } from "./openapi/openapi-document.js";

/** Every form that a report can be written in, by the name that the command knows. */
export const FORMATS = {
  table: formatTable,
  json: formatJson,
  markdown: formatMarkdown,
  html: formatHtml,
  sarif: formatSarif,
  junit: formatJunit,
  openapi: formatOpenApi,
} as const satisfies Readonly<Record<string, Format>>;

/** The name of a form. */
export type FormatName = keyof typeof FORMATS;
