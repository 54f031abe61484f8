import type { Setting } from './cells.ts';

/** A figure of the study of 2012, Gbit/s; its other values are only in its plots. */
export interface StudyFigure {
  readonly ports: number;
  readonly direction: Setting['direction'];
  /** Undefined: the throughput that no number of VMs exceeded. */
  readonly vms: number | undefined;
  readonly gbitPerSecond: number;
}

/** Figures of the study with offload, MTU 9000, SFN5122F, 24 cores. */
export const STUDY_FIGURES: readonly StudyFigure[] = [
  { ports: 1, direction: 'receive', vms: 1, gbitPerSecond: 9.9 },
  { ports: 2, direction: 'receive', vms: undefined, gbitPerSecond: 15.2 },
  { ports: 2, direction: 'transmit', vms: undefined, gbitPerSecond: 11.3 },
];
