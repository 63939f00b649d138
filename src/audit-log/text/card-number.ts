/** 14 to 19 digits, alone or in groups, with the first ones that card schemes use (ISO/IEC 7812-1). */
const CANDIDATE =
  /(?<![\d.])(?:3(?:0[0-5]|[4-9]\d)|4\d{2}|5[0-5]\d|6(?:011|2\d|4[4-9]|5\d)|2(?:2[2-9]|[3-6]\d|7[01]|720))(?:[ -]?\d){11,16}(?![\d.])/g;

/** Replaces numbers of payment cards, as the check digit tells them from most other numbers. */
export function redactCardNumbers(text: string): string {
  return text.replace(CANDIDATE, (candidate) =>
    isCardNumber(candidate.replace(/[ -]/g, "")) ? "REDACTED" : candidate,
  );
}

/** ISO/IEC 7812-1, Annex B: the formula of Luhn. */
function isCardNumber(digits: string): boolean {
  if (digits.length < 14 || digits.length > 19) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
