import type { ProgramBackendOptions } from '../core/options.ts';

/** Options of the XDP backend. */
export interface XdpBackendOptions extends ProgramBackendOptions {
  /** The compiled programs: dist/adapters/nic/xdp/norikae.bpf.o, beside bound.bpf.o. */
  readonly objectPath: string;
  /** Time without redirects to a port after its first failed redirect, ms; 5,000 by default. */
  readonly minStallMs?: number;
  /** Where the program runs: in the driver, in the stack, or the first of the two that works. */
  readonly mode: 'auto' | 'native' | 'generic';
}
