import type { Attachment } from './hook.ts';
import { NetworkLockBusy } from './errors.ts';
import type { PortMaps } from './port-maps.ts';
import type { ServedPort } from './served-port.ts';
import type { ServedPorts } from './served-ports.ts';

/** What {@link IdlePorts} works with. */
export interface IdlePortsParts {
  readonly maps: PortMaps;
  readonly attachment: Attachment;
  readonly served: ServedPorts;
  /** Time without entries after which a port is detached, ms; undefined: ports stay attached. */
  readonly detachAfterMs: number | undefined;
  /** Number of entries of flows that enter by the port with that id. */
  readonly entriesOf: (id: number) => number;
  /** A monotonic clock, ms. */
  readonly nowMs: () => number;
}

/** Detaches the program from ports that have no entries, which stay served. */
export class IdlePorts {
  readonly #parts: IdlePortsParts;
  /** By port id: since when an attached port has had no entries, ms of the clock. */
  readonly #idleSince = new Map<number, number>();
  /** Ids of ports from which the program could not be detached yet. */
  readonly #undetached = new Set<number>();

  constructor(parts: IdlePortsParts) {
    this.#parts = parts;
  }

  /**
   * Detaches the program from ports that have had no entries for a while, which restores what it
   * costs other packets. The next call tries again what the network lock prevented.
   */
  async close(): Promise<void> {
    const { served, detachAfterMs, entriesOf } = this.#parts;
    const nowMs = this.#parts.nowMs();
    for (const port of served.all()) {
      if (!port.isAttached) {
        if (this.#undetached.has(port.id)) await this.detach(port);
        continue;
      }
      this.#undetached.delete(port.id);
      if (detachAfterMs === undefined || !port.onDemand) continue;
      if (entriesOf(port.id) > 0) {
        this.#idleSince.delete(port.id);
        continue;
      }
      const sinceMs = this.#idleSince.get(port.id) ?? nowMs;
      this.#idleSince.set(port.id, sinceMs);
      if (nowMs - sinceMs >= detachAfterMs) await this.detach(port);
    }
  }

  /** Forgets a port that is not served any more. */
  forget(id: number): void {
    this.#idleSince.delete(id);
    this.#undetached.delete(id);
  }

  /** Detaches the program from a port without entries, which stays served. */
  async detach(port: ServedPort): Promise<void> {
    const { maps, attachment, served } = this.#parts;
    // Packets are excluded first, so a program that is still attached passes them all.
    maps.exclude(port.ifindex);
    this.#idleSince.delete(port.id);
    served.set({ ...port, isAttached: false });
    this.#undetached.add(port.id);
    try {
      await attachment.detach(port.ifindex);
      this.#undetached.delete(port.id);
    } catch (error) {
      if (!(error instanceof NetworkLockBusy)) throw error;
    }
  }
}
