/** The value in the middle; of an even number of values the larger of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/**
 * CPU time that the process has used so far, ms. The difference of two is what a task cost, whatever
 * others do on the machine.
 */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
