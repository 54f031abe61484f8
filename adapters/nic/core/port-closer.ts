import { NetworkLockBusy } from './errors.ts';
import type { Attachment, Outputs } from './hook.ts';
import type { PortMaps } from './port-maps.ts';
import type { ServedPorts } from './served-ports.ts';

/** What {@link PortCloser} works with. */
export interface PortCloserParts {
  readonly maps: PortMaps;
  readonly attachment: Attachment;
  readonly outputs: Outputs;
  readonly served: ServedPorts;
}

/** A port that is being closed. */
interface Closing {
  readonly ifindex: number;
  /** Whether the device is still the port's own; known once its packets are cut off. */
  sameDevice?: boolean;
}

/**
 * Closes ports in two steps. The first cuts off their packets in the maps, at once. The second
 * detaches the program; it waits for the kernel's network lock, and can come later: without the
 * first, every packet of a port passes to the vSwitch.
 */
export class PortCloser {
  readonly #maps: PortMaps;
  readonly #attachment: Attachment;
  readonly #outputs: Outputs;
  readonly #served: ServedPorts;
  /** By port id. Failures are retried. */
  readonly #closing = new Map<number, Closing>();

  constructor({ maps, attachment, outputs, served }: PortCloserParts) {
    this.#maps = maps;
    this.#attachment = attachment;
    this.#outputs = outputs;
    this.#served = served;
  }

  /** Ports that are not closed yet. */
  get pending(): number {
    return this.#closing.size;
  }

  /** Marks a port for closing. */
  add(id: number, ifindex: number): void {
    this.#closing.set(id, { ifindex });
  }

  /**
   * Stops input and output of the marked ports.
   *
   * @throws {SystemCallFailed} after trying all; the next call retries failures
   */
  cutOff(): void {
    const failures: unknown[] = [];
    for (const [id, closing] of this.#closing) {
      if (closing.sameDevice !== undefined) continue;
      try {
        const sameDevice = this.#maps.deviceOf(id) === closing.ifindex;
        if (this.#maps.portAt(closing.ifindex) === id) this.#maps.exclude(closing.ifindex);
        this.#maps.removeOutput(id);
        this.#attachment.forget(closing.ifindex);
        closing.sameDevice = sameDevice;
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /**
   * Detaches the program from the ports that are cut off. When the network lock is not free in
   * time, the remaining ports wait for the next call.
   *
   * @throws {SystemCallFailed} after trying all; the next call retries failures
   */
  async detach(): Promise<void> {
    const failures: unknown[] = [];
    for (const [id, { ifindex, sameDevice }] of this.#closing) {
      if (sameDevice === undefined) continue;
      try {
        if (sameDevice && !this.#isInUse(ifindex)) await this.#attachment.detach(ifindex);
        else await this.#attachment.unpinDetached(ifindex);
        this.#outputs.forget(id);
        this.#maps.forget(id);
        this.#closing.delete(id);
      } catch (error) {
        if (error instanceof NetworkLockBusy) break;
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Whether the program on a device serves another port by now: an ifindex is reused. */
  #isInUse(ifindex: number): boolean {
    return this.#served.all().some((port) => port.ifindex === ifindex && port.isAttached);
  }
}
