import fc from 'fast-check';
import { Group, Table } from '../../../../protocols/openflow/codec/ids.ts';
import type { Message } from '../../../../protocols/openflow/codec/messages.ts';
import { inPortMatch, NO_COOKIE } from '../../../../protocols/openflow/codec/packet.ts';
import { OF10, OF13, type Version } from '../../../../protocols/openflow/codec/version.ts';
import {
  meterBands,
  portDescription,
  REPLY_BODIES,
  REQUEST_BODIES,
} from './arbitrary-multipart.ts';
import {
  actions,
  data,
  flexibleMatch,
  instructions,
  mac,
  match,
  port,
  record,
  u16,
  u32,
  u64,
  u8,
} from './arbitrary-parts.ts';

/** Messages of one kind in a version; undefined: the version has not got it. */
type Maker = (version: Version) => fc.Arbitrary<Message> | undefined;

function only13(make: () => fc.Arbitrary<Message>): Maker {
  return (version) => (version === OF13 ? make() : undefined);
}

function only10(make: () => fc.Arbitrary<Message>): Maker {
  return (version) => (version === OF10 ? make() : undefined);
}

function bare<T extends string>(type: T) {
  return record({ type: fc.constant(type), xid: u32 });
}

const helloElement = fc
  .tuple(fc.integer({ min: 2, max: 0xffff }), fc.uint8Array({ maxLength: 12 }))
  .map(([type, body]) => {
    const length = 4 + body.length;
    const element = new Uint8Array((length + 7) & ~7);
    element.set([type >> 8, type, 0, length]);
    element.set(body, 4);
    return element;
  });

function error(version: Version) {
  const marker = version === OF10 ? 0xb0c2 : 0xffff;
  return fc.oneof(
    record({
      type: fc.constant('error'),
      xid: u32,
      errorType: u16.filter((type) => type !== marker),
      code: u16,
      experimenter: fc.constant(0),
      data,
    }),
    record({
      type: fc.constant('error'),
      xid: u32,
      errorType: version === OF10 ? u16 : fc.constant(marker),
      code: u16,
      experimenter: u32.filter((id) => id !== 0),
      data,
    }),
  );
}

function features(version: Version) {
  return record({
    type: fc.constant('features-reply'),
    xid: u32,
    datapathId: u64,
    buffers: u32,
    tables: u8,
    auxiliaryId: u8,
    capabilities: u32,
    actions: u32,
    ports:
      version === OF10
        ? fc.array(portDescription(version), { maxLength: 3 })
        : fc.constant<never[]>([]),
  });
}

function packetIn(version: Version) {
  const old = version === OF10;
  return record({
    type: fc.constant('packet-in'),
    xid: u32,
    bufferId: u32,
    totalLength: u16,
    reason: u8,
    tableId: old ? fc.constant(0) : u8,
    cookie: old ? fc.constant(NO_COOKIE) : u64,
    match: old ? port(version).map(inPortMatch) : flexibleMatch,
    data,
  });
}

function flowMod(version: Version) {
  const old = version === OF10;
  return record({
    type: fc.constant('flow-mod'),
    xid: u32,
    command: u8,
    tableId: u8,
    cookie: u64,
    cookieMask: old ? fc.constant(0n) : u64,
    idleTimeout: u16,
    hardTimeout: u16,
    priority: u16,
    bufferId: u32,
    outPort: port(version),
    outGroup: old ? fc.constant(Group.any) : u32,
    flags: u16,
    match: match(version),
    instructions: instructions(version),
  });
}

function flowRemoved(version: Version) {
  const removed = {
    type: fc.constant('flow-removed'),
    xid: u32,
    cookie: u64,
    priority: u16,
    reason: u8,
    durationSec: u32,
    durationNsec: u32,
    idleTimeout: u16,
    packets: u64,
    bytes: u64,
  } as const;
  if (version !== OF10) {
    return record({ ...removed, tableId: u8, hardTimeout: u16, match: flexibleMatch });
  }
  return match(version).chain((m) =>
    record({
      ...removed,
      tableId: m.kind === 'of10' ? fc.constant(Table.all) : u8,
      hardTimeout: fc.constant(0),
      match: fc.constant(m),
    }),
  );
}

const pair = fc.tuple(u32, u32);

function asyncConfig<T extends 'set-async' | 'get-async-reply'>(type: T) {
  return record({
    type: fc.constant(type),
    xid: u32,
    packetIn: pair,
    portStatus: pair,
    flowRemoved: pair,
  });
}

function role<T extends 'role-request' | 'role-reply'>(type: T, version: Version) {
  return record({
    type: fc.constant(type),
    xid: u32,
    role: version === OF10 ? fc.integer({ min: 1, max: 3 }) : u32,
    generationId: version === OF10 ? fc.constant(0n) : u64,
  });
}

function multipart(
  type: 'multipart-request' | 'multipart-reply',
  version: Version,
): fc.Arbitrary<Message> {
  const head = { xid: u32, more: fc.boolean() };
  if (type === 'multipart-request') {
    const bodies = Object.values(REQUEST_BODIES).flatMap((make) => make(version) ?? []);
    return record({ type: fc.constant(type), ...head, body: fc.oneof(...bodies) });
  }
  const bodies = Object.values(REPLY_BODIES).flatMap((make) => make(version) ?? []);
  return record({ type: fc.constant(type), ...head, body: fc.oneof(...bodies) });
}

/** What can be put into a bundle, and more. */
function bundleAdd(): fc.Arbitrary<Message> {
  const held = fc.oneof(flowMod(OF13), packetIn(OF13), bare('barrier-request'), portMod(OF13));
  return record({ bundle: u32, flags: u16, message: held, properties: data }).map((m) => ({
    type: 'bundle-add',
    xid: m.message.xid,
    ...m,
  }));
}

function portMod(version: Version) {
  return record({
    type: fc.constant('port-mod'),
    xid: u32,
    portNo: port(version),
    hwAddr: mac,
    config: u32,
    mask: u32,
    advertise: u32,
  });
}

/** Every message. */
export const MESSAGES: Readonly<Record<Message['type'], Maker>> = {
  hello: () =>
    record({
      type: fc.constant('hello'),
      xid: u32,
      versions: fc.option(
        fc
          .uniqueArray(fc.integer({ min: 0, max: 70 }))
          .map((versions) => versions.sort((a, b) => a - b)),
        { nil: undefined },
      ),
      other: fc
        .array(helloElement, { maxLength: 2 })
        .map((all) => new Uint8Array(Buffer.concat(all))),
    }),
  error,
  'echo-request': () => record({ type: fc.constant('echo-request'), xid: u32, data }),
  'echo-reply': () => record({ type: fc.constant('echo-reply'), xid: u32, data }),
  'features-request': () => bare('features-request'),
  'get-config-request': () => bare('get-config-request'),
  'barrier-request': () => bare('barrier-request'),
  'barrier-reply': () => bare('barrier-reply'),
  'get-async-request': only13(() => bare('get-async-request')),
  'features-reply': features,
  'get-config-reply': () =>
    record({
      type: fc.constant('get-config-reply'),
      xid: u32,
      flags: u16,
      missSendLength: u16,
    }),
  'set-config': () =>
    record({ type: fc.constant('set-config'), xid: u32, flags: u16, missSendLength: u16 }),
  'packet-in': packetIn,
  'packet-out': (version) =>
    record({
      type: fc.constant('packet-out'),
      xid: u32,
      bufferId: u32,
      inPort: port(version),
      actions: actions(version),
      data,
    }),
  'flow-mod': flowMod,
  'flow-removed': flowRemoved,
  'port-status': (version) =>
    record({
      type: fc.constant('port-status'),
      xid: u32,
      reason: u8,
      port: portDescription(version),
    }),
  'port-mod': portMod,
  'table-mod': only13(() =>
    record({ type: fc.constant('table-mod'), xid: u32, tableId: u8, config: u32 }),
  ),
  'meter-mod': only13(() =>
    record({
      type: fc.constant('meter-mod'),
      xid: u32,
      command: u16,
      flags: u16,
      meter: u32,
      bands: meterBands,
    }),
  ),
  'multipart-request': (version) => multipart('multipart-request', version),
  'multipart-reply': (version) => multipart('multipart-reply', version),
  'role-request': (version) => role('role-request', version),
  'role-reply': (version) => role('role-reply', version),
  'get-async-reply': only13(() => asyncConfig('get-async-reply')),
  'set-async': () => asyncConfig('set-async'),
  'bundle-control': only13(() =>
    record({
      type: fc.constant('bundle-control'),
      xid: u32,
      bundle: u32,
      control: u16,
      flags: u16,
      properties: data,
    }),
  ),
  'bundle-add': only13(bundleAdd),
  'flow-monitor-cancel': () =>
    record({ type: fc.constant('flow-monitor-cancel'), xid: u32, id: u32 }),
  'flow-monitor-paused': () => bare('flow-monitor-paused'),
  'flow-monitor-resumed': () => bare('flow-monitor-resumed'),
  'nx-set-flow-format': only10(() =>
    record({ type: fc.constant('nx-set-flow-format'), xid: u32, format: u32 }),
  ),
  'nx-flow-mod-table-id': only10(() =>
    record({ type: fc.constant('nx-flow-mod-table-id'), xid: u32, enabled: fc.boolean() }),
  ),
  experimenter: () =>
    record({
      type: fc.constant('experimenter'),
      xid: u32,
      experimenter: u32.filter((id) => id !== 0x2320 && id !== 0x4f4e4600),
      bytes: data,
    }),
  unknown: () =>
    record({
      type: fc.constant('unknown'),
      xid: u32,
      code: fc.integer({ min: 30, max: 0xff }),
      bytes: data,
    }),
};

/** Any message of the version. */
export function anyMessage(version: Version): fc.Arbitrary<Message> {
  return fc.oneof(...Object.values(MESSAGES).flatMap((make) => make(version) ?? []));
}
