/** Time of the stages of one tick, ms. */
export interface Stages {
  readonly ingest: number;
  readonly rates: number;
  /** Rules, plan and reconcile. */
  readonly decide: number;
  readonly rules: number;
  readonly total: number;
}

/** Figures of one number of flows. */
export interface SizeFigures {
  readonly flows: number;
  /** Of the median tick of the later half. */
  readonly stages: Stages;
  /** Resident set of the process without the dump that it reads, MB. */
  readonly ownMb: number;
  /** What it has grown by in the later half of the ticks, MB. */
  readonly growthMb: number;
  readonly dumpMb: number;
}

/** True for an object with the members of {@link SizeFigures}. */
export function isSizeFigures(value: unknown): value is SizeFigures {
  if (typeof value !== 'object' || value === null) return false;
  return 'flows' in value && 'stages' in value && 'ownMb' in value && 'dumpMb' in value;
}
