/** Upper bounds of histograms of what somebody waits for, in seconds. A search of a small tenant takes some 3 ms. */
export const waitBuckets: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** The same of what nobody waits for: from a moment to an hour. */
export const backgroundBuckets: readonly number[] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600];
