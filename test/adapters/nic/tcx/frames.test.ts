import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { ingressTable } from '../../../../lab/testbed/nic-tables.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowAction } from '../../../../engine/model/action.ts';
import type { FieldName } from '../../../../engine/model/match.ts';
import { MARKER, ethernet, ipv4, ipv6, udp } from '../../../../lab/testbed/frames.ts';
import { Capture, sendFrames } from '../../../../lab/testbed/packets.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import { carried, idText, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn, numberBytes } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { INGRESS_HOOKS } from './support/ingress.ts';
import { builtObject } from '../support/object.ts';
import { World } from '../support/world.ts';
import { performed } from '../xdp/support/model.ts';

const DATA = Buffer.concat([MARKER, Buffer.from('an odd number of bytes')]);
const MACS = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };

function frameOf(etherType: 0x0800 | 0x86dd): Buffer {
  const bytes = etherType === 0x0800 ? 4 : 16;
  const [src, dst] = [Buffer.alloc(bytes, 0x11), Buffer.alloc(bytes, 0x22)];
  const header = { src, dst, protocol: 17, ttl: 64, tos: 0x03 };
  const segment = udp(header, 5, 9, DATA);
  const payload = etherType === 0x0800 ? ipv4(header, 1, segment) : ipv6(header, 0xabcde, segment);
  return ethernet({ ...MACS, etherType, payload });
}

/** Actions before the output, by what they do. */
const ACTIONS: Readonly<Record<string, readonly FlowAction[]>> = {
  nothing: [],
  'a masked MAC address': [
    {
      kind: 'set',
      field: 'eth_dst',
      value: Buffer.from('0200000000aa', 'hex'),
      mask: Buffer.from('ffffffffffff', 'hex'),
    },
    {
      kind: 'set',
      field: 'eth_src',
      value: Buffer.from('000000000005', 'hex'),
      mask: Buffer.from('00000000000f', 'hex'),
    },
  ],
  'the TTL': [{ kind: 'set', field: 'ip_ttl', value: Uint8Array.of(7), mask: Uint8Array.of(255) }],
  'the DSCP': [
    { kind: 'set', field: 'ip_tos', value: Uint8Array.of(0xb8), mask: Uint8Array.of(0xfc) },
  ],
  'a pushed tag and the TTL': [
    { kind: 'set', field: 'ip_ttl', value: Uint8Array.of(1), mask: Uint8Array.of(255) },
    { kind: 'push-vlan', tpid: 0x88a8, vid: 4095, pcp: 7 },
  ],
};

const port = (field: 'udp_src' | 'udp_dst', value: number, mask: number): FlowAction => ({
  kind: 'set',
  field,
  value: numberBytes(field, value),
  mask: numberBytes(field, mask),
});
const address = (field: FieldName, value: string): FlowAction => ({
  kind: 'set',
  field,
  value: Buffer.from(value, 'hex'),
  mask: Buffer.alloc(value.length / 2, 0xff),
});
const PORTS = [port('udp_src', 0x1234, 0xffff), port('udp_dst', 0x0080, 0x00f0)];

/** The same for addresses and ports, by ethertype. */
const TUPLES: Readonly<Record<number, Readonly<Record<string, readonly FlowAction[]>>>> = {
  0x0800: {
    'the source address': [address('ipv4_src', 'c0a80101')],
    'a part of the destination address': [
      {
        kind: 'set',
        field: 'ipv4_dst',
        value: Uint8Array.of(10, 0, 0, 0),
        mask: Uint8Array.of(255, 0, 0, 0),
      },
    ],
    'the ports': PORTS,
    'addresses, ports and TTL, and pushes a tag': [
      address('ipv4_src', 'c0a80101'),
      address('ipv4_dst', 'c0a80202'),
      ...PORTS,
      { kind: 'set', field: 'ip_ttl', value: Uint8Array.of(7), mask: Uint8Array.of(255) },
      { kind: 'push-vlan', tpid: 0x8100, vid: 5, pcp: 0 },
    ],
  },
  0x86dd: {
    'the source address': [address('ipv6_src', 'fd000000000000000000000000000001')],
    'addresses and ports': [
      address('ipv6_src', 'fd000000000000000000000000000001'),
      address('ipv6_dst', 'fd0000000000000000000000000000ff'),
      ...PORTS,
    ],
  },
};

for (const { hook, need } of INGRESS_HOOKS) {
  describe(`${hook} program against a model, packet by packet`, function () {
    this.timeout(30_000);
    let world: World;
    let backend: HostBackend;
    let received: Capture;

    before(async function () {
      needs(this, 'root', 'netns', need, 'debian-python3');
      world = await World.create(2);
      received = await Capture.start(world.port(world.names()[1]).vm);
      const objectPath = builtObject('tcx');
      const sizes = { entries: 16, masks: 8, leaseMs: 60_000, heartbeatMs: 0, trainMs: 0 };
      backend = ingressTable(hook, { pinPath: world.pinPath(), objectPath, ...sizes });
      await backend.start(world.snapshot(), never());
      await backend.renewLease(monotonicMs());
    });

    after(async () => {
      await backend?.close('withdraw');
      await world?.close();
    });

    for (const [family, etherType] of [
      ['IPv4', 0x0800],
      ['IPv6', 0x86dd],
    ] as const) {
      for (const [what, before] of Object.entries({ ...ACTIONS, ...TUPLES[etherType] })) {
        it(`changes ${what} of ${family} as the model does, and counts the packet`, async () => {
          const [inPort, outPort] = world.names();
          const actions = [...before, { kind: 'output' as const, port: outPort }];
          const udp = [exactly('ip_proto', 17), exactly('ip_frag', 0)];
          const match = matchOn(inPort, exactly('eth_type', etherType), ...udp);
          const flow = { id: flowId(1), match, actions };
          await backend.withdrawAll();
          await carried(backend);
          received.take();
          const [result] = await backend.apply([{ kind: 'put', flow }], never());
          assert(result.ok);
          // The first train of an entry.
          await sleep(50);
          const sent = frameOf(etherType);
          await sendFrames(world.port(inPort).vm, [sent], 1_000, world.folder);
          await sleep(50);
          const frames = received.take().map(({ bytes }) => bytes.toString('hex'));
          assert.deepEqual(frames, [performed(sent, actions).toString('hex')]);
          const sum = (await carried(backend)).get(idText(flow));
          assert.deepEqual([sum?.packets, sum?.bytes], [1, sent.length]);
        });
      }
    }
  });
}
