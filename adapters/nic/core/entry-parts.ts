import { tunnelHeaderOf } from './entry-value.ts';
import { TABLE_KEY } from './key-layout.ts';

/** The parts that an entry shares with others, as its key and value name them. */
export interface EntryParts {
  readonly maskId: number;
  /** Index; 0: the entry has no tunnel header. */
  readonly tunnelHeader: number;
  /** Id of the tunnel that its packets arrive in, or of their port. */
  readonly inPort: number;
}

/** The parts of the entry whose key and value begin at these words. */
export function partsOf(
  keys: Uint32Array,
  keyAt: number,
  values: Uint32Array,
  valueAt: number,
): EntryParts {
  return {
    maskId: keys[keyAt + TABLE_KEY.maskId / 4],
    tunnelHeader: tunnelHeaderOf(values, valueAt),
    inPort: keys[keyAt + TABLE_KEY.inPort / 4],
  };
}
