import assert from 'node:assert/strict';
import {
  CSUM,
  CSUM_UPDATE,
  MIRRED,
  MIRRED_TO,
  PEDIT,
  PEDIT_HEADER,
  POLICE,
  SKBEDIT,
  TUNNEL_KEY,
  VLAN,
} from '../../../protocols/netlink/tc/action-tables.ts';
import {
  checksums,
  markForHost,
  mirred,
  mirror,
  policePackets,
  popVlan,
  pushVlan,
  redirect,
  releaseTunnel,
  setTunnel,
  verdict,
  withCookie,
  withSharedCounters,
  writeHeaders,
} from '../../../protocols/netlink/tc/actions.ts';
import { ACT, VERDICT } from '../../../protocols/netlink/tc/tables.ts';
import { AttributeReader } from '../../../protocols/netlink/tables.ts';

/** The kind of an action, and its options. */
function parts(action: Buffer): { kind: string | undefined; options: AttributeReader } {
  const attributes = new AttributeReader(action);
  const options = attributes.get(ACT.options);
  assert(options !== undefined);
  return { kind: attributes.get(ACT.kind), options };
}

/** 32-bit words of a struct, in the order of the machine. */
function words(bytes: Buffer | undefined): readonly number[] {
  assert(bytes !== undefined);
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(4 * i));
}

/** `struct tc_gen` without index, capabilities and counts, as words. */
const gen = (action: number): readonly number[] => [0, 0, action, 0, 0];

// The words are laid out as the structs of include/uapi/linux/tc_act; `test/kernel/tc-judge.test.ts`
// asks a kernel and tc.
describe('netlink actions of tc', () => {
  it('write verdicts', () => {
    const action = verdict(VERDICT.shot);
    const gact = 'gact'.padEnd(5, '\0');
    const options = Buffer.concat([Buffer.from([24, 0, 2, 0]), Buffer.alloc(20)]);
    options.writeUInt32LE(VERDICT.shot, 12);
    const kind = Buffer.concat([Buffer.from([9, 0, 1, 0]), Buffer.from(gact), Buffer.alloc(3)]);
    assert.equal(action.subarray(0, 12).toString('hex'), kind.toString('hex'));
    assert.equal(action.subarray(16).toString('hex'), options.toString('hex'));
  });

  it('write redirects and mirrors', () => {
    const redirected = parts(redirect(77));
    assert.equal(redirected.kind, 'mirred');
    const parameters = redirected.options.get(MIRRED.parameters)?.bytes;
    assert.deepEqual(words(parameters), [...gen(VERDICT.stolen), 1, 77]);
    const mirrored = parts(mirror(78)).options.get(MIRRED.parameters)?.bytes;
    assert.deepEqual(words(mirrored), [...gen(VERDICT.pipe), 2, 78]);
  });

  it('write redirects into a device, which takes only packets for this host', () => {
    const parameters = parts(mirred(MIRRED_TO.ingressRedirect, 79)).options.get(MIRRED.parameters);
    assert.deepEqual(words(parameters?.bytes), [...gen(VERDICT.stolen), 3, 79]);
    const copied = parts(mirred(MIRRED_TO.ingressMirror, 79)).options.get(MIRRED.parameters);
    assert.deepEqual(words(copied?.bytes), [...gen(VERDICT.pipe), 4, 79]);
    const { kind, options } = parts(markForHost());
    assert.equal(kind, 'skbedit');
    assert.deepEqual(words(options.get(SKBEDIT.parameters)?.bytes), gen(VERDICT.pipe));
    assert.equal(options.get(SKBEDIT.packetType), 0);
  });

  it('have a cookie, and one set of counters', () => {
    const cookie = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
    const attributes = new AttributeReader(withSharedCounters(withCookie(popVlan(), cookie)));
    assert.equal(attributes.get(ACT.kind), 'vlan');
    assert.deepEqual(attributes.get(ACT.cookie), cookie);
    assert.deepEqual(words(attributes.get(ACT.flags)), [1, 1]);
  });

  it('write VLAN tags', () => {
    const popped = parts(popVlan()).options.get(VLAN.parameters)?.bytes;
    assert.deepEqual(words(popped), [...gen(VERDICT.pipe), 1]);
    const { kind, options } = parts(pushVlan(100, 0x88a8, 3));
    assert.equal(kind, 'vlan');
    assert.deepEqual(words(options.get(VLAN.parameters)?.bytes), [...gen(VERDICT.pipe), 2]);
    assert.equal(options.get(VLAN.id), 100);
    assert.equal(options.get(VLAN.protocol), 0x88a8);
    assert.equal(options.get(VLAN.priority), 3);
  });

  it('write checksums', () => {
    const update = CSUM_UPDATE.ipv4 | CSUM_UPDATE.tcp;
    const { kind, options } = parts(checksums(update));
    assert.equal(kind, 'csum');
    assert.deepEqual(words(options.get(CSUM.parameters)?.bytes), [...gen(VERDICT.pipe), 9]);
  });

  it('write headers, with the bits that stay as mask', () => {
    const write = {
      header: PEDIT_HEADER.ipv4,
      offset: 8,
      value: Buffer.from([0x3f, 0, 0, 0]),
      mask: Buffer.from([0xff, 0, 0, 0]),
    };
    const { kind, options } = parts(writeHeaders([write, { ...write, offset: 12 }]));
    assert.equal(kind, 'pedit');
    const key = (offset: number): readonly number[] => [0xffffff00, 0x3f, offset, 0, 0, 0];
    const parameters = options.get(PEDIT.parameters)?.bytes;
    assert.deepEqual(words(parameters), [...gen(VERDICT.pipe), 2, ...key(8), ...key(12)]);
    // Per write, a nested attribute with header and command.
    const extended = ['14000680', '0600010002000000', '0600020000000000'].join('');
    assert.ok(writeHeaders([write]).toString('hex').endsWith(extended));
  });

  it('write and release the metadata of tunnels', () => {
    const tunnel = { keyId: 0x10203, destinationPort: 6081, ttl: 64 };
    const source = Buffer.from([10, 0, 0, 1]);
    const { kind, options } = parts(setTunnel({ ...tunnel, source, destination: source }));
    assert.equal(kind, 'tunnel_key');
    assert.deepEqual(words(options.get(TUNNEL_KEY.parameters)?.bytes), [...gen(VERDICT.pipe), 1]);
    assert.deepEqual(options.get(TUNNEL_KEY.ipv4Destination), source);
    assert.equal(options.get(TUNNEL_KEY.keyId), 0x10203);
    assert.equal(options.get(TUNNEL_KEY.destinationPort), 6081);
    assert.equal(options.get(TUNNEL_KEY.ttl), 64);
    const ipv6 = Buffer.alloc(16, 0xfe);
    const six = parts(setTunnel({ ...tunnel, source: ipv6, destination: ipv6 })).options;
    assert.equal(six.get(TUNNEL_KEY.ipv4Source), undefined);
    assert.deepEqual(six.get(TUNNEL_KEY.ipv6Source), ipv6);
    const released = parts(releaseTunnel()).options.get(TUNNEL_KEY.parameters)?.bytes;
    assert.deepEqual(words(released), [...gen(VERDICT.pipe), 2]);
  });

  it('write rates in packets', () => {
    const { kind, options } = parts(policePackets(1_000n, 10n, VERDICT.pipe, VERDICT.shot));
    assert.equal(kind, 'police');
    const [index, exceeding, ...others] = words(options.get(POLICE.parameters)?.bytes);
    assert.deepEqual([index, exceeding, ...new Set(others)], [0, VERDICT.shot, 0]);
    assert.equal(options.get(POLICE.packetRate64), 1_000n);
    // 10 packets take 10 ms, in ticks of 64 ns.
    assert.equal(options.get(POLICE.packetBurst64), 156_250n);
    const heartbeat = parts(policePackets(1n, 1n, VERDICT.ok, VERDICT.pipe)).options;
    assert.equal(heartbeat.get(POLICE.packetBurst64), 15_625_000n);
    assert.equal(options.get(POLICE.result), VERDICT.pipe);
  });
});
