import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { putHeader } from './header.ts';
import type { Version } from './version.ts';

/** 1.3 only: requests one meter, or all with 0xffffffff. */
export interface MeterRequest {
  readonly kind: 'meter' | 'meter-config';
  readonly meter: number;
}

/** What a meter does above a rate. */
export type MeterBand =
  /**
   * Rate and burst in kbit/s and kbit, or in packets/s and packets, depending on the meter's flags.
   */
  | { readonly kind: 'drop'; readonly rate: number; readonly burst: number }
  | {
      readonly kind: 'dscp-remark';
      readonly rate: number;
      readonly burst: number;
      /** Increase of the drop precedence, steps. */
      readonly steps: number;
    }
  /** Another band type; `bytes` are what follows type and length. */
  | { readonly kind: 'unknown'; readonly code: number; readonly bytes: Uint8Array };

export interface MeterStats {
  readonly meter: number;
  readonly flowCount: number;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly durationSec: number;
  readonly durationNsec: number;
  readonly bands: readonly { readonly packets: bigint; readonly bytes: bigint }[];
}

export interface MeterConfig {
  readonly meter: number;
  /** 1 kbit/s, 2 packets/s, 4 burst given, 8 counted. */
  readonly flags: number;
  readonly bands: readonly MeterBand[];
}

export type MeterReply =
  | { readonly kind: 'meter'; readonly meters: readonly MeterStats[] }
  | { readonly kind: 'meter-config'; readonly meters: readonly MeterConfig[] }
  | {
      readonly kind: 'meter-features';
      readonly maxMeters: number;
      /** Bit n: band type n is supported. */
      readonly bandTypes: number;
      readonly capabilities: number;
      readonly maxBands: number;
      readonly maxColor: number;
    };

/** 1.3: adds (0), modifies (1) or deletes (2) a meter. */
export interface MeterMod {
  readonly type: 'meter-mod';
  readonly xid: number;
  readonly command: number;
  readonly flags: number;
  readonly meter: number;
  readonly bands: readonly MeterBand[];
}

/** 1.3.5, sections 7.3.5.13 and 7.3.5.14. */
export function putMeterRequest(w: Writer, q: MeterRequest): void {
  w.u32(q.meter);
  w.zeros(4);
}

export function getMeterRequest(r: Reader, kind: MeterRequest['kind']): MeterRequest {
  const meter = r.u32();
  r.skip(4);
  return { kind, meter };
}

export function putMeterReply(w: Writer, reply: MeterReply): void {
  if (reply.kind === 'meter') {
    for (const meter of reply.meters) putMeterStats(w, meter);
  } else if (reply.kind === 'meter-config') {
    for (const meter of reply.meters) putMeterConfig(w, meter);
  } else {
    w.u32(reply.maxMeters);
    w.u32(reply.bandTypes);
    w.u32(reply.capabilities);
    w.u8(reply.maxBands);
    w.u8(reply.maxColor);
    w.zeros(2);
  }
}

function putMeterStats(w: Writer, m: MeterStats): void {
  const start = w.length;
  w.u32(m.meter);
  w.zeros(8);
  w.u32(m.flowCount);
  w.u64(m.packets);
  w.u64(m.bytes);
  w.u32(m.durationSec);
  w.u32(m.durationNsec);
  for (const band of m.bands) {
    w.u64(band.packets);
    w.u64(band.bytes);
  }
  w.patchLength(start + 4, w.length - start);
}

function putMeterConfig(w: Writer, m: MeterConfig): void {
  const start = w.length;
  w.u16(0);
  w.u16(m.flags);
  w.u32(m.meter);
  putBands(w, m.bands);
  w.patchLength(start, w.length - start);
}

export function getMeterStats(r: Reader): MeterReply {
  const meters: MeterStats[] = [];
  while (r.at < r.end) {
    const meter = r.u32();
    const length = r.u16();
    const outer = r.enter(length - 6, 'a meter');
    r.skip(6);
    const flowCount = r.u32();
    const packets = r.u64();
    const bytes = r.u64();
    const durationSec = r.u32();
    const durationNsec = r.u32();
    const bands: { packets: bigint; bytes: bigint }[] = [];
    while (r.at < r.end) bands.push({ packets: r.u64(), bytes: r.u64() });
    r.leave(outer);
    meters.push({ meter, flowCount, packets, bytes, durationSec, durationNsec, bands });
  }
  return { kind: 'meter', meters };
}

export function getMeterConfig(r: Reader): MeterReply {
  const meters: MeterConfig[] = [];
  while (r.at < r.end) {
    const length = r.u16();
    const outer = r.enter(length - 2, 'a meter');
    const flags = r.u16();
    const meter = r.u32();
    meters.push({ meter, flags, bands: getBands(r) });
    r.leave(outer);
  }
  return { kind: 'meter-config', meters };
}

export function getMeterFeatures(r: Reader): MeterReply {
  const maxMeters = r.u32();
  const bandTypes = r.u32();
  const capabilities = r.u32();
  const maxBands = r.u8();
  const maxColor = r.u8();
  r.skip(2);
  return { kind: 'meter-features', maxMeters, bandTypes, capabilities, maxBands, maxColor };
}

/** 1.3.5, section 7.3.4.4. */
export function putMeterMod(w: Writer, m: MeterMod, version: Version): void {
  putHeader(w, m.type, version, m.xid);
  w.u16(m.command);
  w.u16(m.flags);
  w.u32(m.meter);
  putBands(w, m.bands);
}

export function getMeterMod(r: Reader, xid: number): MeterMod {
  const command = r.u16();
  const flags = r.u16();
  const meter = r.u32();
  return { type: 'meter-mod', xid, command, flags, meter, bands: getBands(r) };
}

const BAND_DROP = 1;
const BAND_DSCP_REMARK = 2;
const BAND_LENGTH = 16;

function putBands(w: Writer, bands: readonly MeterBand[]): void {
  for (const band of bands) {
    if (band.kind === 'unknown') {
      w.u16(band.code);
      w.u16(4 + band.bytes.length);
      w.bytes(band.bytes);
      continue;
    }
    w.u16(band.kind === 'drop' ? BAND_DROP : BAND_DSCP_REMARK);
    w.u16(BAND_LENGTH);
    w.u32(band.rate);
    w.u32(band.burst);
    w.u8(band.kind === 'drop' ? 0 : band.steps);
    w.zeros(3);
  }
}

function getBands(r: Reader): MeterBand[] {
  const bands: MeterBand[] = [];
  while (r.at < r.end) {
    const code = r.u16();
    const length = r.u16();
    const outer = r.enter(length - 4, 'a meter band');
    if (code === BAND_DROP) {
      bands.push({ kind: 'drop', rate: r.u32(), burst: r.u32() });
    } else if (code === BAND_DSCP_REMARK) {
      bands.push({ kind: 'dscp-remark', rate: r.u32(), burst: r.u32(), steps: r.u8() });
    } else {
      bands.push({ kind: 'unknown', code, bytes: r.rest() });
    }
    r.leave(outer);
  }
  return bands;
}
