/** Runs a batch over and over. @returns items per second, one figure for each round. */
export function throughput(batch: () => number, { rounds = 9, roundMs = 400 } = {}): number[] {
  for (const end = performance.now() + roundMs; performance.now() < end;) batch(); // the compiler's time is not ours
  return Array.from({ length: rounds }, () => {
    const from = performance.now();
    let items = 0;
    while (performance.now() - from < roundMs) items += batch();
    return items / ((performance.now() - from) / 1000);
  });
}
