import type { NodeSettings } from './options.ts';
import { SEGMENT, TCP_HEADERS } from './packets.ts';

/** Acknowledgements, one for two full packets, as a share of the bytes the other way. */
const ACK_SHARE = TCP_HEADERS / 2 / (SEGMENT + TCP_HEADERS);

/** One direction of the NIC ports: the demand on each, and the share of it that they carry. */
class Direction {
  readonly byNic = new Float64Array(2);
  readonly byVswitch = new Float64Array(2);
  readonly scale = new Float64Array(2);

  clear(): void {
    this.byNic.fill(0);
    this.byVswitch.fill(0);
  }

  /** @param port bytes each port can carry; `node`: bytes they can carry together */
  share(vswitchScale: number, port: number, node: number): void {
    let through = 0;
    for (let p = 0; p < this.scale.length; p++) {
      const demand = this.byNic[p] + this.byVswitch[p] * vswitchScale;
      this.scale[p] = demand > port ? port / demand : 1;
      through += Math.min(demand, port);
    }
    if (through <= node) return;
    for (let p = 0; p < this.scale.length; p++) this.scale[p] *= node / through;
  }
}

/**
 * The two NIC ports. Divides the rate of each, and the node's limit for both together, among
 * senders in proportion to their demand. Bytes are payload.
 */
export class Links {
  readonly #rx = new Direction();
  readonly #tx = new Direction();
  readonly #portBytes: number;
  readonly #receiveBytes: number;
  readonly #sendBytes: number;

  constructor(settings: NodeSettings) {
    // Payload that a step can carry for a bit/s of rate; headers use the rest of the link.
    const bytes = (settings.stepMs / 8_000) * (SEGMENT / (SEGMENT + TCP_HEADERS));
    this.#portBytes = settings.linkBitsPerSecond * bytes;
    this.#receiveBytes = settings.nodeReceiveBitsPerSecond * bytes;
    this.#sendBytes = settings.nodeSendBitsPerSecond * bytes;
  }

  /** Starts a step without demand. */
  clear(): void {
    this.#rx.clear();
    this.#tx.clear();
  }

  /** Adds demand to receive on a port; the vSwitch may process only a part of its demand. */
  addReceiveDemand(port: number, bytes: number, onNic: boolean, acknowledged: boolean): void {
    (onNic ? this.#rx.byNic : this.#rx.byVswitch)[port] += bytes;
    if (acknowledged) this.#tx.byNic[port] += bytes * ACK_SHARE;
  }

  /** Adds demand to send on a port. */
  addSendDemand(port: number, bytes: number, onNic: boolean, acknowledged: boolean): void {
    (onNic ? this.#tx.byNic : this.#tx.byVswitch)[port] += bytes;
    if (acknowledged) this.#rx.byNic[port] += bytes * ACK_SHARE;
  }

  /** Computes the shares of the step when the vSwitch processes `vswitchScale` of its demand. */
  share(vswitchScale: number): void {
    this.#rx.share(vswitchScale, this.#portBytes, this.#receiveBytes);
    this.#tx.share(vswitchScale, this.#portBytes, this.#sendBytes);
  }

  /** Share of the demand that a port receives. */
  received(port: number): number {
    return this.#rx.scale[port];
  }

  /** Share of the demand that a port sends. */
  sent(port: number): number {
    return this.#tx.scale[port];
  }
}
