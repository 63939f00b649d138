import type { LimitDetails } from "../../core/guard/guard-details.js";

const WHOM = { address: "address", principal: "caller", key: "key of the app" } as const;
const UNITS: readonly (readonly [seconds: number, word: string])[] = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** A limit in words for people, not escaped: `100 per minute for each address`. */
export function limitInWords({ limit, windowSeconds, by, on }: LimitDetails): string {
  const where = on === undefined ? "" : `, on ${on.join(", ")}`;
  if (limit === 0) return `none${where}`;
  const time = windowSeconds === 0 ? "at a time" : `per ${durationInWords(windowSeconds)}`;
  return `${limit} ${time} for each ${WHOM[by]}${where}`;
}

function durationInWords(seconds: number): string {
  const [size, word] = UNITS.find(([unit]) => seconds % unit === 0) ?? [1, "second"];
  const count = seconds / size;
  return count === 1 ? word : `${count} ${word}s`;
}
