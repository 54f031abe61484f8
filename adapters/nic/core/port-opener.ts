import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import { errorMessage } from '../../../text/error-message.ts';
import { NetworkLockBusy, PortUnusable } from './errors.ts';
import { type Heartbeat, heartbeatOf } from './heartbeat.ts';
import type { Attachment, Hook } from './hook.ts';
import type { PortMaps } from './port-maps.ts';
import type { ServedPort } from './served-port.ts';
import type { ServedPorts } from './served-ports.ts';

/** What of a port of the vSwitch its device is found by, and its limits. */
export type PortIdentity = Pick<PortInfo, 'name' | 'uuid' | 'ifindex' | 'shaped' | 'policed'>;

/** What an opener works with. */
export interface PortOpenerParts {
  readonly maps: PortMaps;
  readonly attachment: Attachment;
  readonly served: ServedPorts;
  /** Heartbeat period, ms; 0: no heartbeats. */
  readonly heartbeatMs: number;
  /** False: ports always have a program. */
  readonly onDemand: boolean;
  readonly mustDetach: Hook['mustDetach'];
  /** A monotonic clock, ms. */
  readonly nowMs: () => number;
}

/** Time without another attempt after the program could not be attached to a port, ms. */
const RETRY_MS = 60_000;

/** Starts to serve ports: with a program, or without one until a flow needs it. */
export class PortOpener {
  readonly #maps: PortMaps;
  readonly #attachment: Attachment;
  readonly #served: ServedPorts;
  readonly #heartbeatMs: number;
  readonly #onDemand: boolean;
  readonly #mustDetach: Hook['mustDetach'];
  readonly #nowMs: () => number;
  /** Ports to which the program could not be attached, by uuid, and when and why. */
  readonly #failed = new Map<string, { readonly atMs: number; readonly why: string }>();

  constructor(parts: PortOpenerParts) {
    this.#maps = parts.maps;
    this.#attachment = parts.attachment;
    this.#served = parts.served;
    this.#heartbeatMs = parts.heartbeatMs;
    this.#onDemand = parts.onDemand;
    this.#mustDetach = parts.mustDetach;
    this.#nowMs = parts.nowMs;
  }

  /**
   * Whether the port has a program only while it has entries.
   *
   * @throws {NetworkLockBusy}
   */
  async isOnDemand({ name }: Pick<PortInfo, 'name'>): Promise<boolean> {
    return this.#onDemand && (await this.#attachment.canAttachLive(name));
  }

  /**
   * Starts to serve a port. On failure records the problem and returns false.
   *
   * @param attach with a program, although it has no entry yet
   */
  async begin(port: PortIdentity, id: number, attach: boolean): Promise<boolean> {
    try {
      const onDemand = this.#mustDetach(port) || (await this.isOnDemand(port));
      if (!onDemand || attach) return await this.attach(port, id, onDemand);
      // An earlier daemon with other maps or another hook may have left a program.
      await this.#attachment.detach(port.ifindex);
      return await this.standBy(port, id);
    } catch (error) {
      this.#recordProblem(port, error);
      return false;
    }
  }

  /** Serves an on-demand port without a program; on failure records the problem and returns false. */
  async standBy(port: PortIdentity, id: number): Promise<boolean> {
    const { name, ifindex } = port;
    try {
      const input = await this.#attachment.expected(name, ifindex);
      const maxBytes = await this.#attachment.maxBytes(name);
      this.#served.set(served(port, { id, input, maxBytes, isAttached: false, onDemand: true }));
      await this.#attachment.prepare(name, ifindex);
      return true;
    } catch (error) {
      this.#recordProblem(port, error);
      return false;
    }
  }

  /** Attaches the program and admits packets; on failure records the problem and returns false. */
  async attach(port: PortIdentity, id: number, onDemand: boolean): Promise<boolean> {
    const { name, ifindex } = port;
    try {
      // The kernel shows segments only while no program is attached.
      const maxBytes = this.#served.get(name)?.maxBytes;
      const input = await this.#attachment.attach(name, ifindex);
      const heartbeat = this.#heartbeatAt(ifindex);
      await this.#maps.admit(ifindex, { id, flags: input.flags, heartbeat });
      const terms = { id, input, isAttached: true, onDemand };
      const largest = maxBytes ?? (await this.#attachment.maxBytes(name));
      this.#served.set(served(port, { ...terms, maxBytes: largest }));
      return true;
    } catch (error) {
      const why = this.#recordProblem(port, error);
      const isLasting = onDemand && !(error instanceof NetworkLockBusy);
      if (isLasting) this.#failed.set(port.uuid, { atMs: this.#nowMs(), why });
      return false;
    }
  }

  /** Why the program could not be attached to a port recently. */
  recentFailure(uuid: string): string | undefined {
    return this.#failed.get(uuid)?.why;
  }

  /** Forgets failures of ports that are gone, and those after which another attempt is due. */
  forgetFailures(ports: PortSnapshot): void {
    const uuids = new Set([...ports.values()].map(({ uuid }) => uuid));
    for (const [uuid, { atMs }] of this.#failed) {
      if (!uuids.has(uuid) || this.#nowMs() - atMs >= RETRY_MS) this.#failed.delete(uuid);
    }
  }

  /** Tells the program the heartbeats of the ports that it serves. */
  async updateHeartbeats(): Promise<void> {
    for (const { ifindex, id } of this.#served.all()) {
      await this.#maps.changeHeartbeat(ifindex, id, this.#heartbeatAt(ifindex));
    }
  }

  #heartbeatAt(ifindex: number): Heartbeat {
    for (const port of this.#served.infos.values()) {
      if (port.ifindex === ifindex) return heartbeatOf(this.#heartbeatMs, port.heartbeatLimit);
    }
    return heartbeatOf(this.#heartbeatMs);
  }

  /** A failure of one port must not affect the others. */
  #recordProblem({ name }: PortIdentity, error: unknown): string {
    const why = error instanceof PortUnusable ? error.message : `${name}: ${errorMessage(error)}`;
    this.#served.setProblem(name, why);
    return why;
  }
}

/** A port with how it is served. */
function served(
  { name, uuid, ifindex, shaped, policed }: PortIdentity,
  terms: Pick<ServedPort, 'id' | 'input' | 'isAttached' | 'onDemand' | 'maxBytes'>,
): ServedPort {
  return { name, uuid, ifindex, shaped, policed, ...terms };
}
