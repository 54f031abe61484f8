import { Sfc32 } from '../adapters/emulator/random.ts';

/** Options of a trace of a busy node. */
export interface BusyTrace {
  readonly seed: number;
  /** Approximate number of concurrent flows. */
  readonly flows: number;
  readonly seconds: number;
}

/** Mean duration of a flow, s, and the vSwitch's idle time-out. */
const MEAN_S = 40;
const IDLE_S = 8;

/** Lines of flow records: most flows send some packets a second, a few send thousands. */
export function* flowRecordLines({ seed, flows, seconds }: BusyTrace): Generator<string> {
  const random = new Sfc32(seed);
  const perSecond = flows / (MEAN_S + IDLE_S);
  const exponential = (mean: number): number => -Math.log(1 - random.uniform()) * mean;
  for (let n = 0, startS = 0; ; n++) {
    startS += exponential(1 / perSecond);
    if (startS > seconds) return;
    const durationS = exponential(MEAN_S);
    const packetsPerSecond = Math.min(20_000, 3 / (1 - random.uniform()) ** 1.1);
    const packets = Math.max(1, Math.round(packetsPerSecond * durationS));
    const bytes = packets * (80 + Math.floor(random.uniform() * 1400));
    const from = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
    const flow = `${from},10.200.0.${n % 200},6,${1024 + (n % 60_000)},443,s${n % 4}`;
    yield `${startS.toFixed(4)},${durationS.toFixed(4)},${bytes},${packets},${flow}`;
  }
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** Ethernet, IPv4 and TCP, the last one without options. */
const CAPTURED = 54;
/** Gap between packets, us. */
const GAP_US = 10;

/** A pcap of `packets` TCP packets of some thousand flows, headers only. */
export function pcapOfTcp(packets: number, seed: number): Uint8Array {
  const random = new Sfc32(seed);
  const bytes = new Uint8Array(FILE_HEADER + packets * (RECORD_HEADER + CAPTURED));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b2_c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 96, true);
  view.setUint32(20, 1, true);
  const startS = 1_700_000_000;
  for (let n = 0, at = FILE_HEADER; n < packets; n++, at += RECORD_HEADER + CAPTURED) {
    const us = n * GAP_US;
    const flow = Math.floor(5000 * random.uniform() ** 3);
    view.setUint32(at, startS + Math.floor(us / 1e6), true);
    view.setUint32(at + 4, us % 1e6, true);
    view.setUint32(at + 8, CAPTURED, true);
    view.setUint32(at + 12, 60 + (flow % 1400), true);
    const frame = at + RECORD_HEADER;
    view.setUint16(frame, 0x0200);
    view.setUint16(frame + 6, 0x0200);
    view.setUint16(frame + 12, 0x0800);
    view.setUint8(frame + 14, 0x45);
    view.setUint8(frame + 23, 6);
    view.setUint32(frame + 26, 0x0a00_0000 + flow);
    view.setUint32(frame + 30, 0x0a01_0001);
    view.setUint16(frame + 34, 1024 + (flow % 100));
    view.setUint16(frame + 36, 443);
  }
  return bytes;
}
