import type { NodeSettings } from './options.ts';
import { SEGMENT, TCP_HEADERS } from './packets.ts';

/** Acknowledgements, one for two full packets, as a share of the bytes the other way. */
const ACK_SHARE = TCP_HEADERS / 2 / (SEGMENT + TCP_HEADERS);

/** One direction of the NIC ports: what is wanted of each, and how much of that they give. */
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
      const wanted = this.byNic[p] + this.byVswitch[p] * vswitchScale;
      this.scale[p] = wanted > port ? port / wanted : 1;
      through += Math.min(wanted, port);
    }
    if (through <= node) return;
    for (let p = 0; p < this.scale.length; p++) this.scale[p] *= node / through;
  }
}

/**
 * The two NIC ports: shares their rate, and what the node can do with both together, among
 * senders in proportion to what each wants. Bytes are those of payload.
 */
export class Links {
  readonly #rx = new Direction();
  readonly #tx = new Direction();
  readonly #portBytes: number;
  readonly #receiveBytes: number;
  readonly #sendBytes: number;

  constructor(settings: NodeSettings) {
    // Payload that a step can carry for a bit/s of rate; headers take their part of the wire.
    const bytes = (settings.stepMs / 8_000) * (SEGMENT / (SEGMENT + TCP_HEADERS));
    this.#portBytes = settings.linkBitsPerSecond * bytes;
    this.#receiveBytes = settings.nodeReceiveBitsPerSecond * bytes;
    this.#sendBytes = settings.nodeSendBitsPerSecond * bytes;
  }

  /** Begins a step: nothing is wanted yet. */
  clear(): void {
    this.#rx.clear();
    this.#tx.clear();
  }

  /** Asks for bytes that come in by a port; the vSwitch may not get through all of its own. */
  wantReceive(port: number, bytes: number, onNic: boolean, acknowledged: boolean): void {
    (onNic ? this.#rx.byNic : this.#rx.byVswitch)[port] += bytes;
    if (acknowledged) this.#tx.byNic[port] += bytes * ACK_SHARE;
  }

  /** Asks for bytes that go out of a port. */
  wantSend(port: number, bytes: number, onNic: boolean, acknowledged: boolean): void {
    (onNic ? this.#tx.byNic : this.#tx.byVswitch)[port] += bytes;
    if (acknowledged) this.#rx.byNic[port] += bytes * ACK_SHARE;
  }

  /** Settles what everybody gets when the vSwitch gets through a share of what it has. */
  share(vswitchScale: number): void {
    this.#rx.share(vswitchScale, this.#portBytes, this.#receiveBytes);
    this.#tx.share(vswitchScale, this.#portBytes, this.#sendBytes);
  }

  /** Share of what was wanted that comes in by a port. */
  received(port: number): number {
    return this.#rx.scale[port];
  }

  /** Share of what was wanted that goes out of a port. */
  sent(port: number): number {
    return this.#tx.scale[port];
  }
}
