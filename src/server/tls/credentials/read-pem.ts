import { isUint8Array } from "node:util/types";
import type { OptionsReader } from "../../../core/options/options-reader.js";
import type { PemSource } from "./pem-source.js";

const START = "-----BEGIN ";

/** Reads a text in PEM that is given as a file or as itself. Without `required`, both may be left out. */
export function readPem<File extends string, Text extends string>(
  reader: OptionsReader<File | Text>,
  file: File,
  text: Text,
  required: boolean,
): PemSource | undefined {
  if (reader.has(file) && reader.has(text)) {
    reader.note(file, `must be left out beside ${text}`);
    return undefined;
  }
  if (reader.has(text)) return readText(reader, text, `: a path stands in ${file}`);
  if (reader.isUnset(file) || reader.isUnset(text)) return undefined;
  if (!reader.has(file)) {
    if (required) {
      const must = "must be the path of a file in PEM";
      reader.note(file, `${must}, got undefined: it is required, or ${text} in its place`);
    }
    return undefined;
  }
  const given = reader.raw(file);
  if (typeof given === "string" && given.includes(START)) {
    reader.note(file, `must be the path of a file, got a text in PEM: it stands in ${text}`);
    return undefined;
  }
  const found = reader.string(file, { must: "the path of a file in PEM" });
  return found === undefined ? undefined : { path: `${reader.path}.${file}`, file: found };
}

/** Reads a text in PEM; notes what is none. */
export function readText<Text extends string>(
  reader: OptionsReader<Text>,
  text: Text,
  fix = "",
): PemSource | undefined {
  const given = reader.raw(text);
  const pem = isUint8Array(given) ? Buffer.from(given).toString("utf8") : given;
  if (typeof pem === "string" && pem.includes(START))
    return { path: `${reader.path}.${text}`, pem };
  const sort = typeof pem === "string" && pem !== "" ? ", got another text" : "";
  if (sort === "") reader.problem(text, `a text in PEM (${START}…)`);
  else reader.note(text, `must be a text in PEM (${START}…)${sort}${fix}`);
  return undefined;
}
