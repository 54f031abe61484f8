import type { PacketHeaders } from '../model/connection.ts';
import type { PortSnapshot } from '../model/port.ts';
import type { TunnelKind } from '../model/tunnel.ts';

/** Where packets arrive that the vSwitch takes out of a tunnel. */
export interface TunnelEndpoint {
  /** Name of the port by which they enter. */
  readonly inPort: string;
  readonly kind: TunnelKind;
  /** Outer destination, 4 or 16 bytes. */
  readonly dst: Uint8Array;
  /** Outer UDP port. */
  readonly dstPort: number;
}

/** Receives the connections of one reading of a {@link ConnectionMeter}. */
export interface MeterSink {
  /**
   * One connection in one direction. Its id is a hash of the port, the VLAN, addresses, protocol and
   * ports, and of the outer headers of a tunnel, the same in each process; its words are arguments so
   * that nothing is allocated.
   *
   * @param packets cumulative; starts again at zero when the meter has forgotten the connection
   * @param bytes cumulative, including the L2 header
   * @param ageMs time since the first of these packets, ms: a receiver to which the connection is new
   *   counts it from the start only if the connection began after the last reading
   * @param idleMs time since the last of these packets, ms
   * @param headers of the first packet; only during the call, and only for connections that are new
   *   to the receiver, since it allocates
   */
  metered(
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    packets: number,
    bytes: number,
    ageMs: number,
    idleMs: number,
    headers: () => PacketHeaders,
  ): void;
}

/** A port whose packets are not counted although they are meant to be. */
export interface UncountedPort {
  readonly name: string;
  /** One line for an operator. */
  readonly why: string;
}

/** Size and cost of a reading. */
export interface MeterReading {
  readonly connections: number;
  /** Connections forgotten for lack of memory since the start. */
  readonly forgotten: number;
  /** One packet in so many is counted, and its counts multiplied. */
  readonly sampling: number;
}

/**
 * Counts the packets that enter the vSwitch by connection: those that no entry of a backend has
 * taken. Sees each packet once, before the vSwitch, whatever it does to it.
 */
export interface ConnectionMeter {
  readonly name: string;
  /** Follows the ports: counts on those that it can attach to. */
  portsChanged(ports: PortSnapshot): Promise<void>;
  /**
   * From now on, packets that arrive there count for the connection within the tunnel, with all their bytes. Those
   * that have other content than TCP or UDP count for no connection.
   */
  tunnelsChanged(endpoints: readonly TunnelEndpoint[]): Promise<void>;
  /** Names of the ports that are counted. */
  ports(): ReadonlySet<string>;
  /** Ports that it could not attach to; their connections have no rows. */
  uncountedPorts(): readonly UncountedPort[];
  read(sink: MeterSink, signal: AbortSignal): Promise<MeterReading>;
  /**
   * Ends counting. `withdraw` detaches from every port; with `keep` the next daemon adopts what has been
   * counted, so that its first reading has the connections whose entries it adopts.
   */
  close(how: 'withdraw' | 'keep'): Promise<void>;
}
