import type { Entry, RuleDevice } from './entry.ts';
import type { DeviceRecord } from './pins.ts';

/** Handles of filters, from 1. */
const MAX_HANDLE = 0x7fff_ffff;

/** The device of a port that flows with rules enter by. */
export class ServedDevice implements RuleDevice {
  readonly name: string;
  readonly ifindex: number;
  /** Whether its `clsact` is ours; then it is removed with the last rule. */
  readonly madeClsact: boolean;
  /** Bytes of the options of Geneve that the packets of all its rules have. */
  readonly optionBytes: number;
  readonly entries = new Map<number, Entry>();
  emptySinceMs: number;
  #lastHandle = 0;

  constructor(name: string, ifindex: number, record: DeviceRecord, nowMs: number) {
    this.name = name;
    this.ifindex = ifindex;
    this.madeClsact = record.madeClsact;
    this.optionBytes = record.optionBytes;
    this.emptySinceMs = nowMs;
  }

  /** A handle that no entry has; those of deleted filters are used again late. */
  takeHandle(): number {
    do {
      this.#lastHandle = (this.#lastHandle % MAX_HANDLE) + 1;
    } while (this.entries.has(this.#lastHandle));
    return this.#lastHandle;
  }
}
