import fc from 'fast-check';
import { Group } from '../../../../protocols/openflow/codec/ids.ts';
import type { MeterBand } from '../../../../protocols/openflow/codec/meter.ts';
import type { ReplyBody, RequestBody } from '../../../../protocols/openflow/codec/multipart.ts';
import type { PortDescription } from '../../../../protocols/openflow/codec/port.ts';
import { OF10, type Version } from '../../../../protocols/openflow/codec/version.ts';
import {
  data,
  flexibleMatch,
  instructions,
  mac,
  match10,
  oxmMatch,
  port,
  record,
  text,
  u16,
  u32,
  u64,
  u8,
} from './arbitrary-parts.ts';

/** An arbitrary for each version that has it; undefined: the version has not. */
type ByVersion<T> = (version: Version) => fc.Arbitrary<T> | undefined;

function only10<T>(make: () => fc.Arbitrary<T>): ByVersion<T> {
  return (version) => (version === OF10 ? make() : undefined);
}

function only13<T>(make: () => fc.Arbitrary<T>): ByVersion<T> {
  return (version) => (version === OF10 ? undefined : make());
}

/** 0 on 1.0, which does not say. */
function new13<T>(version: Version, arbitrary: fc.Arbitrary<T>, absent: T): fc.Arbitrary<T> {
  return version === OF10 ? fc.constant(absent) : arbitrary;
}

export function portDescription(version: Version): fc.Arbitrary<PortDescription> {
  return record({
    portNo: port(version),
    hwAddr: mac,
    name: text(16),
    config: u32,
    state: u32,
    current: u32,
    advertised: u32,
    supported: u32,
    peer: u32,
    currentSpeed: new13(version, u32, 0),
    maxSpeed: new13(version, u32, 0),
  });
}

function flowMatch(version: Version) {
  return version === OF10 ? match10 : flexibleMatch;
}

function flowRequest<K extends 'flow' | 'aggregate'>(kind: K, version: Version) {
  return record({
    kind: fc.constant(kind),
    tableId: u8,
    outPort: port(version),
    outGroup: new13(version, u32, Group.any),
    cookie: new13(version, u64, 0n),
    cookieMask: new13(version, u64, 0n),
    match: flowMatch(version),
  });
}

function nxRequest<K extends 'nx-flow' | 'nx-aggregate'>(kind: K) {
  return record({
    kind: fc.constant(kind),
    tableId: u8,
    outPort: port(OF10),
    match: oxmMatch,
  });
}

function bare<K extends string>(kind: K) {
  return fc.constant({ kind });
}

// 0x2320 and 0x4f4e4600 have subtypes of their own, tested by name.
const experimenterBody = record({
  kind: fc.constant('experimenter'),
  experimenter: u32.filter((id) => id !== 0x2320 && id !== 0x4f4e4600),
  bytes: data,
});

const unknownBody = record({
  kind: fc.constant('unknown'),
  code: fc.integer({ min: 14, max: 0xfffe }),
  bytes: data,
});

/** Every body of a request. */
export const REQUEST_BODIES: Readonly<Record<RequestBody['kind'], ByVersion<RequestBody>>> = {
  desc: () => bare('desc'),
  table: () => bare('table'),
  'port-desc': () => bare('port-desc'),
  'meter-features': only13(() => bare('meter-features')),
  flow: (version) => flowRequest('flow', version),
  aggregate: (version) => flowRequest('aggregate', version),
  'nx-flow': only10(() => nxRequest('nx-flow')),
  'nx-aggregate': only10(() => nxRequest('nx-aggregate')),
  'port-stats': (version) => record({ kind: fc.constant('port-stats'), portNo: port(version) }),
  meter: only13(() => record({ kind: fc.constant('meter'), meter: u32 })),
  'meter-config': only13(() => record({ kind: fc.constant('meter-config'), meter: u32 })),
  'flow-monitor': (version) =>
    record({
      kind: fc.constant('flow-monitor'),
      monitors: fc.array(
        record({
          id: u32,
          flags: u16,
          outPort: port(version),
          tableId: u8,
          match: version === OF10 ? oxmMatch : flexibleMatch,
        }),
        { maxLength: 3 },
      ),
    }),
  experimenter: () => experimenterBody,
  unknown: () => unknownBody,
};

function flowStats(version: Version, nicira: boolean) {
  return record({
    tableId: u8,
    durationSec: u32,
    durationNsec: u32,
    priority: u16,
    idleTimeout: u16,
    hardTimeout: u16,
    flags: new13(version, u16, 0),
    idleAge: nicira ? u16 : fc.constant(0),
    hardAge: nicira ? u16 : fc.constant(0),
    cookie: u64,
    packets: u64,
    bytes: u64,
    match: nicira ? oxmMatch : flowMatch(version),
    instructions: instructions(version),
  });
}

function aggregate<K extends 'aggregate' | 'nx-aggregate'>(kind: K) {
  return record({ kind: fc.constant(kind), packets: u64, bytes: u64, flows: u32 });
}

const update = (version: Version) =>
  fc.oneof(
    record({
      kind: fc.constantFrom('added', 'deleted', 'modified'),
      reason: u16,
      priority: u16,
      idleTimeout: u16,
      hardTimeout: u16,
      tableId: u8,
      cookie: u64,
      match: version === OF10 ? oxmMatch : flexibleMatch,
      instructions: instructions(version),
    }),
    record({ kind: fc.constant('own'), xid: u32 }),
  );

export const meterBands: fc.Arbitrary<MeterBand[]> = fc.array(
  fc.oneof(
    record({ kind: fc.constant('drop'), rate: u32, burst: u32 }),
    record({ kind: fc.constant('dscp-remark'), rate: u32, burst: u32, steps: u8 }),
    record({
      kind: fc.constant('unknown'),
      code: fc.integer({ min: 3, max: 0xffff }),
      bytes: fc.uint8Array({ minLength: 12, maxLength: 12 }),
    }),
  ),
  { maxLength: 3 },
);

function portStats(version: Version) {
  return record({
    portNo: port(version),
    rxPackets: u64,
    txPackets: u64,
    rxBytes: u64,
    txBytes: u64,
    rxDropped: u64,
    txDropped: u64,
    rxErrors: u64,
    txErrors: u64,
    rxFrameErrors: u64,
    rxOverErrors: u64,
    rxCrcErrors: u64,
    collisions: u64,
    durationSec: new13(version, u32, 0),
    durationNsec: new13(version, u32, 0),
  });
}

function tableStats(version: Version) {
  const old = version === OF10;
  return record({
    tableId: u8,
    name: old ? text(32) : fc.constant(''),
    wildcards: old ? u32 : fc.constant(0),
    maxEntries: old ? u32 : fc.constant(0),
    activeCount: u32,
    lookupCount: u64,
    matchedCount: u64,
  });
}

const meterStats = record({
  meter: u32,
  flowCount: u32,
  packets: u64,
  bytes: u64,
  durationSec: u32,
  durationNsec: u32,
  bands: fc.array(record({ packets: u64, bytes: u64 }), { maxLength: 3 }),
});

/** Every body of a reply. */
export const REPLY_BODIES: Readonly<Record<ReplyBody['kind'], ByVersion<ReplyBody>>> = {
  desc: () =>
    record({
      kind: fc.constant('desc'),
      manufacturer: text(64),
      hardware: text(64),
      software: text(64),
      serialNumber: text(32),
      datapath: text(64),
    }),
  flow: (version) =>
    record({
      kind: fc.constant('flow'),
      flows: fc.array(flowStats(version, false), { maxLength: 3 }),
    }),
  'nx-flow': only10(() =>
    record({
      kind: fc.constant('nx-flow'),
      flows: fc.array(flowStats(OF10, true), { maxLength: 3 }),
    }),
  ),
  aggregate: () => aggregate('aggregate'),
  'nx-aggregate': only10(() => aggregate('nx-aggregate')),
  table: (version) =>
    record({
      kind: fc.constant('table'),
      tables: fc.array(tableStats(version), { maxLength: 3 }),
    }),
  'port-stats': (version) =>
    record({
      kind: fc.constant('port-stats'),
      ports: fc.array(portStats(version), { maxLength: 3 }),
    }),
  'port-desc': (version) =>
    record({
      kind: fc.constant('port-desc'),
      ports: fc.array(portDescription(version), { maxLength: 3 }),
    }),
  meter: only13(() =>
    record({ kind: fc.constant('meter'), meters: fc.array(meterStats, { maxLength: 3 }) }),
  ),
  'meter-config': only13(() =>
    record({
      kind: fc.constant('meter-config'),
      meters: fc.array(record({ meter: u32, flags: u16, bands: meterBands }), { maxLength: 3 }),
    }),
  ),
  'meter-features': only13(() =>
    record({
      kind: fc.constant('meter-features'),
      maxMeters: u32,
      bandTypes: u32,
      capabilities: u32,
      maxBands: u8,
      maxColor: u8,
    }),
  ),
  'flow-monitor': (version) =>
    record({
      kind: fc.constant('flow-monitor'),
      updates: fc.array(update(version), { maxLength: 3 }),
    }),
  experimenter: () => experimenterBody,
  unknown: () => unknownBody,
};
