export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that this part of all is not above. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}

/** The median of the ratios of each round: what disturbs a whole round disturbs both sides of its ratio. */
export function medianRatio(values, baseline) {
  return median(values.map((value, round) => value / baseline[round]));
}
