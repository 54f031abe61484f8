import type { Attached } from './attached.ts';

/** A port that flows can enter or leave by. `id` is never reused, even across restarts. */
export interface ServedPort {
  readonly name: string;
  readonly uuid: string;
  readonly ifindex: number;
  readonly id: number;
  /** The host's QoS on output, and policing on input; the program implements neither. */
  readonly shaped: boolean;
  readonly policed: boolean;
  /** How the program is attached, or would be. */
  readonly input: Attached;
  /** True while the program is attached; only then packets can enter by the port. */
  readonly isAttached: boolean;
  /** True if the program is attached only while the port has entries. */
  readonly onDemand: boolean;
  /** As in {@link InputPort}. */
  readonly maxBytes: number;
}
