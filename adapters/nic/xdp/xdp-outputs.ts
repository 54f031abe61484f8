import type { Refusal } from '../../../engine/model/refusal.ts';
import { tunnelName } from '../../../engine/model/tunnel.ts';
import type { PushedTunnel } from '../core/action-codec.ts';
import type { Outputs } from '../core/hook.ts';
import type { PacketKind } from '../core/match-codec.ts';
import { PORT_REF } from '../core/records.ts';
import type { ServedPort } from '../core/served-port.ts';
import { checksumRefusal } from './checksum-refusal.ts';
import type { RedirectTargets } from './redirect-targets.ts';
import type { Stalls } from './stalls.ts';

/** Report of a port that the kernel recently failed to redirect to. */
const STALLED =
  'redirects to it fail, so its packets go to the vSwitch: check whether it is down, or a veth ' +
  'whose peer has GRO off (ethtool -K ... gro on)';

/** Refusal of a port that drops redirected frames. */
const NO_REDIRECT_TARGET =
  'does not accept redirected frames: its driver does not support them, or it is a veth whose ' +
  'peer has GRO off (ethtool -K ... gro on)';

/** Refusal of a port that drops redirected frames of several buffers. */
const NO_JUMBO_TARGET =
  'does not accept redirected frames of several buffers, as ports with this MTU send them';

/** Where XDP can redirect packets to, and which. */
export class XdpOutputs implements Outputs {
  readonly #targets: RedirectTargets;
  readonly #stalls: Stalls;

  constructor(targets: RedirectTargets, stalls: Stalls) {
    this.#targets = targets;
    this.#stalls = stalls;
  }

  refresh(): Promise<void> {
    return this.#targets.refresh();
  }

  matchRefusal(kind: PacketKind, input: ServedPort): Refusal | undefined {
    return (input.input.flags & PORT_REF.checksumsOpen) === 0 ? undefined : checksumRefusal(kind);
  }

  arrivalRefusal(): undefined {
    return undefined;
  }

  tunnelRefusal({ header }: PushedTunnel): Refusal | undefined {
    const missing =
      header.ethernet === undefined
        ? 'no outer MAC addresses are given'
        : header.srcPort === undefined
          ? 'no outer UDP source port is given'
          : undefined;
    if (missing === undefined) return undefined;
    const detail = `${tunnelName(header)}: ${missing}, which XDP needs`;
    return { code: 'unsupported-action', detail };
  }

  targetRefusal(input: ServedPort, target: ServedPort): Refusal | undefined {
    // In generic mode the kernel sends redirected frames like its own.
    if (input.input.mode !== 'native') return undefined;
    const why = this.#targets.has(target.ifindex)
      ? input.input.isJumbo && !this.#targets.takesJumbo(target.ifindex)
        ? NO_JUMBO_TARGET
        : undefined
      : NO_REDIRECT_TARGET;
    if (why === undefined) return undefined;
    return { code: 'port-unavailable', detail: `port ${target.name} ${why}` };
  }

  lost(ifindex: number): boolean {
    return this.#targets.lost(ifindex);
  }

  suspended(portId: number): string | undefined {
    return this.#stalls.has(portId) ? STALLED : undefined;
  }

  forget(portId: number): void {
    this.#stalls.forget(portId);
  }

  watch(onChange: () => void): void {
    this.#targets.watch(onChange);
  }
}
