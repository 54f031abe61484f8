import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { getPort, putPort } from './port-number.ts';
import { OF10, type Version } from './version.ts';

/** Requests the counters of one port, or of all with Port.any. */
export interface PortStatsRequest {
  readonly kind: 'port-stats';
  readonly portNo: number;
}

/** Counters of one port; all ones where the switch does not count. */
export interface PortStats {
  readonly portNo: number;
  readonly rxPackets: bigint;
  readonly txPackets: bigint;
  readonly rxBytes: bigint;
  readonly txBytes: bigint;
  readonly rxDropped: bigint;
  readonly txDropped: bigint;
  readonly rxErrors: bigint;
  readonly txErrors: bigint;
  readonly rxFrameErrors: bigint;
  readonly rxOverErrors: bigint;
  readonly rxCrcErrors: bigint;
  readonly collisions: bigint;
  /** Age of the port; 0 in 1.0. */
  readonly durationSec: number;
  readonly durationNsec: number;
}

export interface PortStatsReply {
  readonly kind: 'port-stats';
  readonly ports: readonly PortStats[];
}

/** 1.0: section 5.3.5; 1.3.5: section 7.3.5.6. */
export function putPortStatsRequest(w: Writer, q: PortStatsRequest, version: Version): void {
  putPort(w, q.portNo, version);
  w.zeros(version === OF10 ? 6 : 4);
}

export function getPortStatsRequest(r: Reader, version: Version): PortStatsRequest {
  const portNo = getPort(r, version);
  r.skip(version === OF10 ? 6 : 4);
  return { kind: 'port-stats', portNo };
}

export function putPortStats(w: Writer, reply: PortStatsReply, version: Version): void {
  for (const p of reply.ports) {
    putPort(w, p.portNo, version);
    w.zeros(version === OF10 ? 6 : 4);
    w.u64(p.rxPackets);
    w.u64(p.txPackets);
    w.u64(p.rxBytes);
    w.u64(p.txBytes);
    w.u64(p.rxDropped);
    w.u64(p.txDropped);
    w.u64(p.rxErrors);
    w.u64(p.txErrors);
    w.u64(p.rxFrameErrors);
    w.u64(p.rxOverErrors);
    w.u64(p.rxCrcErrors);
    w.u64(p.collisions);
    if (version !== OF10) {
      w.u32(p.durationSec);
      w.u32(p.durationNsec);
    }
  }
}

export function getPortStats(r: Reader, version: Version): PortStatsReply {
  const ports: PortStats[] = [];
  while (r.at < r.end) {
    const portNo = getPort(r, version);
    r.skip(version === OF10 ? 6 : 4);
    ports.push({
      portNo,
      rxPackets: r.u64(),
      txPackets: r.u64(),
      rxBytes: r.u64(),
      txBytes: r.u64(),
      rxDropped: r.u64(),
      txDropped: r.u64(),
      rxErrors: r.u64(),
      txErrors: r.u64(),
      rxFrameErrors: r.u64(),
      rxOverErrors: r.u64(),
      rxCrcErrors: r.u64(),
      collisions: r.u64(),
      durationSec: version === OF10 ? 0 : r.u32(),
      durationNsec: version === OF10 ? 0 : r.u32(),
    });
  }
  return { kind: 'port-stats', ports };
}
