import type { InputPort } from '../../../engine/ports/offload-backend.ts';
import type { HookName } from './attached.ts';
import type { ServedPort } from './served-port.ts';

/** How a port is served, for operators. */
export interface PortReport {
  readonly name: string;
  /** Left out: it is not served. */
  readonly hook?: HookName;
  /**
   * As in {@link Attached}; `unavailable`: it is not served; `detached`: the port has no entry of a
   * flow that enters by it, and so it has no program.
   */
  readonly mode: string;
  readonly detail: string;
}

const DETACHED = 'the program is attached when a flow that enters by the port gets an entry';

/** How each port is served, and why others are not. */
export function portReports(
  served: readonly ServedPort[],
  problems: ReadonlyMap<string, string>,
  suspended: (id: number) => string | undefined,
): readonly PortReport[] {
  const reports = served.map((port) => ({
    name: port.name,
    hook: port.input.hook,
    mode: port.isAttached ? port.input.mode : 'detached',
    detail: suspended(port.id) ?? (port.isAttached ? port.input.note : DETACHED),
  }));
  const unavailable = [...problems].map(([name, detail]) => ({
    name,
    mode: 'unavailable',
    detail,
  }));
  return [...reports, ...unavailable];
}

/** The ports that flows can enter by, and what that costs their other packets. */
export function inputPorts(served: readonly ServedPort[]): readonly InputPort[] {
  return served.map(({ name, isAttached, maxBytes, input }) => ({
    name,
    isOpen: isAttached,
    maxBytes,
    splitsSegments: input.splitsSegments,
  }));
}
