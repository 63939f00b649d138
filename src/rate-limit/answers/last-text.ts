/** Makes the text of a number that is mostly the one of the call before: that text is given once more. */
export function lastText(textOf: (value: number) => string): (value: number) => string {
  let last = Number.NaN;
  let text = "";
  return function textOfLast(value) {
    if (value !== last) {
      last = value;
      text = textOf(value);
    }
    return text;
  };
}
