import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { Outputs } from './hook.ts';
import type { IdlePorts } from './idle-ports.ts';
import type { PortCloser } from './port-closer.ts';
import type { PortEligibility } from './port-eligibility.ts';
import type { PortMaps } from './port-maps.ts';
import type { ServedPort } from './served-port.ts';
import type { ServedPorts } from './served-ports.ts';

/** What {@link PortDropper} works with. */
export interface PortDropperParts {
  readonly maps: PortMaps;
  readonly served: ServedPorts;
  readonly eligibility: PortEligibility;
  readonly outputs: Outputs;
  readonly closer: PortCloser;
  readonly idle: IdlePorts;
}

/**
 * Stops serving ports. Their packets are cut off at once, and their ids are added to {@link
 * ServedPorts.touched}. Nothing here waits for the network lock.
 */
export class PortDropper {
  readonly #maps: PortMaps;
  readonly #served: ServedPorts;
  readonly #eligibility: PortEligibility;
  readonly #outputs: Outputs;
  readonly #closer: PortCloser;
  readonly #idle: IdlePorts;

  constructor(parts: PortDropperParts) {
    this.#maps = parts.maps;
    this.#served = parts.served;
    this.#eligibility = parts.eligibility;
    this.#outputs = parts.outputs;
    this.#closer = parts.closer;
    this.#idle = parts.idle;
  }

  /**
   * Stops serving the ports that are gone or have changed.
   *
   * @throws {SystemCallFailed} after trying all; the next call retries failures
   */
  dropChanged(ports: PortSnapshot): void {
    const before = this.#served.infos;
    this.#served.follow(ports);
    for (const port of this.#served.all()) {
      const now = ports.get(port.name);
      const same =
        now?.uuid === port.uuid &&
        now.ifindex === port.ifindex &&
        this.#maps.deviceOf(port.id) === port.ifindex;
      if (!same) this.stop(port);
      else if (
        this.#limit(port, now) ||
        (this.#served.inputRefusal(now) !== undefined && !this.#wasRefused(before, port.name))
      ) {
        this.#served.touched.add(port.id);
      }
    }
    this.#closer.cutOff();
  }

  /**
   * Stops serving the ports that must not be served, as of the last reading of their devices, or that
   * another hook is to serve.
   *
   * @throws {SystemCallFailed} after trying all; the next call retries failures
   */
  dropBypassed(): void {
    this.#served.forgetProblems();
    for (const port of this.#served.all()) {
      const now = this.#served.info(port.name);
      if (
        now === undefined ||
        this.#eligibility.refusal(now) !== undefined ||
        this.#eligibility.isAtOtherHook(now, port)
      ) {
        this.stop(port);
      } else if (this.#outputs.lost(port.ifindex)) {
        this.#served.touched.add(port.id);
      }
    }
    this.#closer.cutOff();
  }

  /** Stops serving every port. */
  dropAll(): void {
    for (const port of this.#served.all()) this.stop(port);
    this.#closer.cutOff();
  }

  #wasRefused(infos: PortSnapshot, name: string): boolean {
    const before = infos.get(name);
    return before !== undefined && this.#served.inputRefusal(before) !== undefined;
  }

  /** Records the rate limits of a port; true when one was added. */
  #limit(port: ServedPort, { shaped, policed }: PortInfo): boolean {
    if (shaped === port.shaped && policed === port.policed) return false;
    this.#served.set({ ...port, shaped, policed });
    return (shaped && !port.shaped) || (policed && !port.policed);
  }

  /** Stops serving a port at the next {@link PortCloser.cutOff}, and marks its entries for removal. */
  stop(port: ServedPort): void {
    this.#served.delete(port.name);
    this.#idle.forget(port.id);
    this.#served.touched.add(port.id);
    this.#closer.add(port.id, port.ifindex);
  }
}
