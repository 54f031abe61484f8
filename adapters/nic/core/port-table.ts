import { setImmediate as turn } from 'node:timers/promises';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import { errorMessage } from '../../../text/error-message.ts';
import { ifindexOf } from './device.ts';
import { NetworkLockBusy } from './errors.ts';
import { IdlePorts } from './idle-ports.ts';
import type { Attachment, HostHooks, OtherHooks, Outputs } from './hook.ts';
import { adoptPorts } from './port-adoption.ts';
import { PortCloser } from './port-closer.ts';
import { PortDropper } from './port-dropper.ts';
import { PortEligibility } from './port-eligibility.ts';
import type { PortMaps } from './port-maps.ts';
import { PortOpener } from './port-opener.ts';
import type { ServedPort } from './served-port.ts';
import { ServedPorts } from './served-ports.ts';

/** Dependencies of a port table. */
export interface PortTableOptions {
  readonly maps: PortMaps;
  readonly hook: Omit<HostHooks, 'loader' | 'describe' | 'unpin' | 'close'>;
  /** Heartbeat period, ms; 0: no heartbeats. */
  readonly heartbeatMs: number;
  /** Names of the ports to serve; undefined: every port with a device. */
  readonly only: readonly string[] | undefined;
  /** Time without entries after which a port is detached, ms; undefined: ports stay attached. */
  readonly detachAfterMs: number | undefined;
  /** Number of entries of flows that enter by the port with that id. */
  readonly entriesOf: (id: number) => number;
  /** A monotonic clock, ms. */
  readonly nowMs: () => number;
}

/**
 * The ports that the program serves. The kernel reuses an ifindex, so a port has an id of our own,
 * which the device map binds to the device itself (the kernel removes a device from the map when it
 * unregisters).
 *
 * The caller makes one call at a time. A change of ports takes the calls {@link drop}, {@link
 * refresh}, {@link dropBypassed}, {@link finishClosing} and {@link serve}, in this order: what needs
 * no lock of the kernel comes first.
 */
export class PortTable {
  /** The ports served, and why others are not. */
  readonly served: ServedPorts;
  readonly #maps: PortMaps;
  readonly #attachment: Attachment;
  readonly #hooks: OtherHooks;
  readonly #outputs: Outputs;
  readonly #mustDetach: HostHooks['mustDetach'];
  readonly #entriesOf: (id: number) => number;
  readonly #eligibility: PortEligibility;
  readonly #opener: PortOpener;
  readonly #closer: PortCloser;
  readonly #idle: IdlePorts;
  readonly #dropper: PortDropper;

  constructor(options: PortTableOptions) {
    const { maps, hook, heartbeatMs, only, detachAfterMs, entriesOf, nowMs } = options;
    const { attachment, outputs } = hook;
    const mustDetach: HostHooks['mustDetach'] = (port) => hook.mustDetach(port);
    this.#mustDetach = mustDetach;
    this.#maps = maps;
    this.#attachment = attachment;
    this.#hooks = hook.otherHooks;
    this.#outputs = outputs;
    this.#entriesOf = entriesOf;
    const served = new ServedPorts({ hook, heartbeatMs });
    this.served = served;
    this.#eligibility = new PortEligibility(only, hook);
    const onDemand = detachAfterMs !== undefined;
    this.#opener = new PortOpener({
      maps,
      attachment,
      served,
      heartbeatMs,
      onDemand,
      mustDetach,
      nowMs,
    });
    this.#closer = new PortCloser({ maps, attachment, outputs, served });
    this.#idle = new IdlePorts({ maps, attachment, served, detachAfterMs, entriesOf, nowMs });
    this.#dropper = new PortDropper({
      maps,
      served,
      outputs,
      eligibility: this.#eligibility,
      closer: this.#closer,
      idle: this.#idle,
    });
  }

  /**
   * Adopts the ports of an earlier daemon whose device is still the same.
   *
   * @throws {NetworkLockBusy} before anything has changed, so that a later start adopts them
   */
  async adopt(ports: PortSnapshot): Promise<void> {
    await this.#hooks.refresh(ports.values());
    await this.#readOutputs();
    await adoptPorts(
      {
        maps: this.#maps,
        eligibility: this.#eligibility,
        opener: this.#opener,
        attachment: this.#attachment,
        closer: this.#closer,
        served: this.served,
      },
      ports,
    );
  }

  /**
   * Stops serving the ports that are gone or have changed. Does not wait for the network lock.
   *
   * @throws {SystemCallFailed} after trying all; the next call retries failures
   */
  drop(ports: PortSnapshot): void {
    this.#opener.forgetFailures(ports);
    this.#dropper.dropChanged(ports);
  }

  /**
   * Reads what else is hooked to the devices, and which devices frames can be redirected to. When
   * the network lock is not free in time that is unknown, and {@link dropBypassed} stops serving
   * every port.
   */
  async refresh(ports: PortSnapshot): Promise<void> {
    try {
      await this.#hooks.refresh(ports.values());
      await this.#readOutputs();
    } catch (error) {
      if (!(error instanceof NetworkLockBusy)) throw error;
    }
  }

  async #readOutputs(): Promise<void> {
    try {
      await this.#outputs.refresh();
    } finally {
      this.served.outputsRead();
    }
  }

  /**
   * Stops serving the ports that must not be served, as of {@link refresh}.
   *
   * @throws {SystemCallFailed} after trying all; the next call retries failures
   */
  dropBypassed(): void {
    this.#dropper.dropBypassed();
  }

  /** Stops serving every port. {@link finishClosing} then detaches the program from them. */
  dropAll(): void {
    this.#dropper.dropAll();
  }

  /**
   * Detaches the program from the ports that are not served any more; see {@link PortCloser}. False
   * when the network lock was not free in time; the next call tries again.
   */
  async finishClosing(): Promise<boolean> {
    await this.#closer.detach();
    return this.#closer.pending === 0;
  }

  /** Serves every port that can be served, yielding to the event loop between ports. */
  async serve(ports: PortSnapshot): Promise<void> {
    await this.#opener.updateHeartbeats();
    for (const port of this.served.all()) {
      const now = ports.get(port.name);
      if (now !== undefined && !(await this.#keepServing(port, now))) this.#dropper.stop(port);
    }
    this.#closer.cutOff();
    await this.#closer.detach();
    for (const port of ports.values()) {
      if (this.served.get(port.name) !== undefined) continue;
      if (await this.#add(port)) await turn();
    }
  }

  /**
   * Attaches the program to a port that is about to get an entry. False when that fails; then
   * {@link ServedPorts.problem} says why, and the port is not served any more.
   */
  async open(port: ServedPort): Promise<boolean> {
    if (port.isAttached) return true;
    // Checked before and after: the device can be replaced before the port directory reports it.
    const isSame = (): boolean => this.#maps.deviceOf(port.id) === port.ifindex;
    if (isSame() && (await this.#opener.attach(port, port.id, port.onDemand)) && isSame()) {
      return true;
    }
    this.#dropper.stop(port);
    this.#closer.cutOff();
    await this.#closer.detach();
    return false;
  }

  /** Detaches the program from ports that have had no entries for a while. */
  closeIdle(): Promise<void> {
    return this.#idle.close();
  }

  /** Makes sure that a served port has a program if it needs one; false when that fails. */
  async #keepServing(port: ServedPort, now: PortInfo): Promise<boolean> {
    if (this.#mustDetach(now)) {
      if (port.isAttached) await this.#idle.detach(port);
      return this.#opener.standBy(now, port.id);
    }
    const needsProgram = !port.onDemand || this.#entriesOf(port.id) > 0;
    if (!port.isAttached && !needsProgram) return this.#opener.standBy(now, port.id);
    if (port.isAttached && (await this.#isAttached(port))) return true;
    const isServed = await this.#opener.attach(now, port.id, port.onDemand);
    await turn();
    return isServed;
  }

  async #isAttached({ ifindex }: ServedPort): Promise<boolean> {
    try {
      return await this.#attachment.isAttached(ifindex);
    } catch (error) {
      // Attaching fails, too, and records why.
      if (error instanceof NetworkLockBusy) return false;
      throw error;
    }
  }

  /** False when nothing was attempted. */
  async #add(port: PortInfo): Promise<boolean> {
    const { name, ifindex } = port;
    const refusal = this.#eligibility.refusal(port);
    if (refusal !== undefined) {
      if (this.#eligibility.exclusion(port) !== undefined) this.served.exclude(name);
      this.served.setProblem(name, `port ${name} is not served: ${refusal}`);
      return false;
    }
    if (ifindexOf(name) !== ifindex) {
      this.served.setProblem(name, `port ${name}: device ${ifindex} does not exist`);
      return false;
    }
    const failure = this.#opener.recentFailure(port.uuid);
    if (failure !== undefined) {
      this.served.setProblem(name, failure);
      return false;
    }
    const id = this.#maps.nextId();
    if (await this.#register(port, id)) return true;
    this.served.delete(name);
    this.#closer.add(id, ifindex);
    this.#closer.cutOff();
    await this.#closer.detach();
    return true;
  }

  async #register(port: PortInfo, id: number): Promise<boolean> {
    try {
      this.#maps.register(id, port);
    } catch (error) {
      this.served.setProblem(port.name, errorMessage(error));
      return false;
    }
    // Checked again: the device could have been replaced between the check and the update.
    return (await this.#opener.begin(port, id, false)) && ifindexOf(port.name) === port.ifindex;
  }
}
