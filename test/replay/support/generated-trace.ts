/** Pseudorandom numbers from a seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Parameters of a generated trace. */
export interface GeneratedTrace {
  readonly seed: number;
  readonly flows: number;
  readonly flowsPerSecond: number;
  readonly slices?: readonly string[];
}

/** Lines of flow records: a few with most of the bytes, many small ones. */
export function* flowRecordLines(trace: GeneratedTrace): Generator<string> {
  const { seed, flows, flowsPerSecond, slices = ['red', 'blue'] } = trace;
  const random = randomNumbers(seed);
  let startS = 0;
  for (let i = 0; i < flows; i++) {
    startS -= Math.log(1 - random()) / flowsPerSecond;
    const packets = Math.min(200_000, Math.ceil(3 / (1 - random()) ** 0.9));
    const durationS = packets < 10 ? random() : packets / (200 + 3000 * random());
    const size = 80 + Math.floor(1400 * random());
    const to = 1 + Math.floor(random() * 250);
    const flow = `10.0.${(i >> 8) & 255}.${i & 255},10.1.0.${to},tcp,${1024 + (i % 60_000)},443`;
    const slice = slices[Math.floor(random() * slices.length)];
    yield `${startS.toFixed(4)},${durationS.toFixed(4)},${packets * size},${packets},${flow},${slice}`;
  }
}

/** A trace as CSV text. */
export function generatedCsv(trace: GeneratedTrace): string {
  return `${[...flowRecordLines(trace)].join('\n')}\n`;
}
