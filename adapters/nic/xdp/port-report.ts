import type { InputPort } from '../../../engine/ports/offload-backend.ts';
import type { ServedPort } from './served-port.ts';
import type { AttachMode } from './xdp-devices.ts';

/** How a port is served, for operators. */
export interface PortReport {
  readonly name: string;
  /** `detached`: the port has no entry of a flow that enters by it, and so it has no program. */
  readonly mode: AttachMode | 'detached' | 'unavailable';
  readonly detail: string;
}

const DETACHED = 'the program is attached when a flow that enters by the port gets an entry';

/** Report of a port that the kernel recently failed to redirect to. */
export const STALLED =
  'redirects to it fail, so its packets go to the vSwitch: check whether it is down, or a veth ' +
  'whose peer has GRO off (ethtool -K ... gro on)';

/** Refusal of a port that drops redirected frames. */
export const NO_REDIRECT_TARGET =
  'does not accept redirected frames: its driver does not support them, or it is a veth whose ' +
  'peer has GRO off (ethtool -K ... gro on)';

/** How each port is served, and why others are not. */
export function portReports(
  served: readonly ServedPort[],
  problems: ReadonlyMap<string, string>,
  isStalled: (id: number) => boolean,
): readonly PortReport[] {
  const reports = served.map((port) => ({
    name: port.name,
    mode: port.isAttached ? port.input.mode : ('detached' as const),
    detail: isStalled(port.id) ? STALLED : port.isAttached ? port.input.note : DETACHED,
  }));
  const unavailable: PortReport[] = [...problems].map(([name, detail]) => ({
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
