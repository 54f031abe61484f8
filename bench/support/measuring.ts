/** The median; of an even number of values, the larger of the middle two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/**
 * CPU time of the process so far, ms. A difference of two readings is the cost of a task, whatever
 * else runs on the machine.
 */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
