import { isIPv4, isIPv6 } from "node:net";

/** The values of `format` (JSON Schema 2020-12 §7.3) that are checked. Every check needs linear time. */
export const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  time: isTime,
  "date-time": isDateTime,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIPv4,
  ipv6: (text) => isIPv6(text) && !text.includes("%"),
  uri: isUri,
  uuid: (text) => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text),
};

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;

/** A name of 253 characters, each of them percent-encoded, and room for more. Some parsers take quadratic time. */
const MAX_AUTHORITY = 4096;

/** A full-date of RFC 3339 §5.6 that is in the calendar. */
function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return false;
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  if (month < 1 || month > 12 || day < 1) return false;
  // The calendar repeats every 400 years, and Date takes years below 100 for those of 1900.
  return day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

/** A full-time of RFC 3339 §5.6: the offset is part of it. A leap second is 23:59:60 UTC. */
function isTime(text: string): boolean {
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:z|([+-])(\d\d):(\d\d))$/i.exec(text);
  if (match === null) return false;
  const [h = 0, m = 0, s = 0] = match.slice(1, 4).map(Number);
  const [offsetHours = 0, offsetMinutes = 0] = match.slice(5).map((part) => Number(part ?? 0));
  if (h > 23 || m > 59 || s > 60 || offsetHours > 23 || offsetMinutes > 59) return false;
  const offset = (match[4] === "-" ? -1 : 1) * (offsetHours * 60 + offsetMinutes);
  return s < 60 || (h * 60 + m - offset + 2880) % 1440 === 1439;
}

function isDateTime(text: string): boolean {
  return /^.{10}t/i.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11));
}

/** An addr-spec of RFC 5321 §4.1.2 with a dot-string, within the lengths of §4.5.3.1. */
function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  if (at < 1 || at > 64 || text.length > 254) return false;
  return LOCAL_PART.test(text.slice(0, at)) && isHostname(text.slice(at + 1));
}

/** RFC 1123 §2.1. */
function isHostname(text: string): boolean {
  return text.length <= 253 && text.split(".").every((label) => LABEL.test(label));
}

/** An absolute URI of RFC 3986: a scheme, and only characters that need no encoding. */
function isUri(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:[!#-;=?-[\]_a-z~]+$/i.test(text)) return false;
  if (/%(?![0-9a-f]{2})/i.test(text)) return false;
  if (!/^(?:https?|wss?|ftp):/i.test(text)) return true;
  const [authority] = /^[a-z]+:\/\/[^/?#]*/i.exec(text) ?? [];
  return authority !== undefined && authority.length <= MAX_AUTHORITY && URL.canParse(text);
}
