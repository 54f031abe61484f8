import type { PortSnapshot } from '../../../engine/model/port.ts';
import { ifindexOf, isEthernet } from '../core/device.ts';
import { NetworkLockBusy, SystemCallFailed } from '../core/errors.ts';
import { exclusionOf } from '../core/port-eligibility.ts';
import type { TunnelEndpoint, UncountedPort } from '../../../engine/ports/connection-meter.ts';
import type { MeteredEndpoints } from './metered-endpoints.ts';
import type { MeterMaps } from './meter-maps.ts';
import type { MeterPoint } from './meter-point.ts';
import type { MeterProgram } from './meter-program.ts';
import type { PortNames } from './port-names.ts';
import { ENCAPSULATION, METER_PORT, meterIdentity } from './records.ts';
import { isTunnelPort, type TunnelDevice, tunnelDevicesOf } from './tunnel-device.ts';

/** What {@link MeteredPorts} works with. */
export interface MeteredPortsParts {
  readonly maps: MeterMaps;
  readonly place: MeterPoint;
  readonly names: PortNames;
  readonly program: MeterProgram;
  readonly endpoints: MeteredEndpoints;
  readonly only: ReadonlySet<string> | undefined;
}

/** A port that is counted. */
interface MeteredPort {
  readonly ifindex: number;
  readonly uuid: string;
  /** Undefined: it is the device of one port. */
  readonly tunnels?: Pick<TunnelDevice, 'kind' | 'dstPort'>;
}

/** The ports whose packets are counted. */
export class MeteredPorts {
  readonly #parts: MeteredPortsParts;
  readonly #ports = new Map<string, MeteredPort>();
  /** Why ports are not counted that could be, by name. */
  readonly #failures = new Map<string, string>();

  constructor(parts: MeteredPortsParts) {
    this.#parts = parts;
  }

  names(): ReadonlySet<string> {
    return new Set(this.#ports.keys());
  }

  /** Ports that are not counted and could be. */
  uncounted(): readonly UncountedPort[] {
    return Array.from(this.#failures, ([name, why]) => ({ name, why }));
  }

  /** Counts on the ports that there are now. The next call tries again what has failed. */
  async follow(snapshot: PortSnapshot): Promise<void> {
    this.#failures.clear();
    const wanted = new Map<string, MeteredPort>();
    for (const port of snapshot.values()) {
      if (exclusionOf(port, this.#parts.only) !== undefined || isTunnelPort(port)) continue;
      const { name, ifindex, uuid } = port;
      const refusal = this.#parts.place.refusal(port);
      if (refusal === undefined) wanted.set(name, { ifindex, uuid });
      else this.#failures.set(name, refusal);
    }
    for (const { name, ifindex, uuid, kind, dstPort } of tunnelDevicesOf(snapshot)) {
      wanted.set(name, { ifindex, uuid, tunnels: { kind, dstPort } });
    }
    const kept = new Set(Array.from(wanted.values(), ({ ifindex }) => ifindex));
    const areGone = await this.#leave(kept);
    this.#ports.clear();
    for (const [name, port] of wanted) await this.#count(name, port);
    this.#followEndpoints();
    this.#parts.names.set(new Map(Array.from(this.#ports, ([name, { uuid }]) => [name, uuid])));
    // A port that failed, or a device that is not wanted, can still have the program of a former daemon.
    if (areGone && this.#ports.size === wanted.size) this.#parts.program.keepPin();
  }

  /** Looks into the tunnels that end there. */
  endAt(endpoints: readonly TunnelEndpoint[]): void {
    this.#parts.endpoints.set(endpoints);
    this.#followEndpoints();
    for (const [name, port] of this.#ports) this.#describe(name, port);
  }

  /** Detaches from every device. @throws {NetworkLockBusy} */
  async leaveAll(): Promise<void> {
    this.#ports.clear();
    for (const ifindex of this.#parts.place.point.devices()) await this.#detach(ifindex);
  }

  /** Detaches from the devices that are not among those to keep; false: not from all of them yet. */
  async #leave(kept: ReadonlySet<number>): Promise<boolean> {
    for (const ifindex of this.#parts.place.point.devices()) {
      if (kept.has(ifindex)) continue;
      try {
        await this.#detach(ifindex);
      } catch (error) {
        if (!(error instanceof NetworkLockBusy)) throw error;
        return false;
      }
    }
    return true;
  }

  async #detach(ifindex: number): Promise<void> {
    const { maps, place } = this.#parts;
    await place.point.detach(ifindex);
    maps.removePort(ifindex);
  }

  #followEndpoints(): void {
    const ifindexes = new Map(Array.from(this.#ports, ([name, { ifindex }]) => [name, ifindex]));
    this.#parts.endpoints.follow(ifindexes);
  }

  #describe(name: string, { ifindex, uuid, tunnels }: MeteredPort): void {
    const { maps, endpoints } = this.#parts;
    const port = new Uint8Array(METER_PORT.bytes);
    port.set(meterIdentity(uuid), METER_PORT.identity);
    if (endpoints.hasPort(name)) port[METER_PORT.flags] = METER_PORT.hasEndpoints;
    if (tunnels !== undefined) {
      const view = new DataView(port.buffer);
      view.setUint16(METER_PORT.udpDst, tunnels.dstPort);
      view.setUint16(METER_PORT.encapsulation, ENCAPSULATION[tunnels.kind], true);
    }
    maps.setPort(ifindex, port);
  }

  async #count(name: string, port: MeteredPort): Promise<void> {
    const { maps, place, program } = this.#parts;
    const { ifindex } = port;
    try {
      if (ifindexOf(name) !== ifindex) throw new DeviceGone(name);
      if (!isEthernet(name)) throw new NotEthernet(name);
      this.#describe(name, port);
      await place.point.attach(ifindex, program.fd, program.id);
      this.#ports.set(name, port);
    } catch (error) {
      if (!isOfPort(error)) throw error;
      maps.removePort(ifindex);
      this.#failures.set(name, error.message);
    }
  }
}

/** The device of a port is another one by now, or none; the next snapshot shows it. */
class DeviceGone extends Error {
  override readonly name = 'DeviceGone';

  constructor(port: string) {
    super(`the device of port ${port} is gone`);
  }
}

/** Packets of a device have no Ethernet header. */
class NotEthernet extends Error {
  override readonly name = 'NotEthernet';

  constructor(port: string) {
    super(`the device of port ${port} is not an Ethernet device`);
  }
}

/** True for an error that concerns one port, and must not keep others from being counted. */
function isOfPort(error: unknown): error is Error {
  return (
    error instanceof SystemCallFailed ||
    error instanceof NetworkLockBusy ||
    error instanceof DeviceGone ||
    error instanceof NotEthernet
  );
}
