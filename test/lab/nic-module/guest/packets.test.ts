import assert from 'node:assert/strict';
import { readDeviceCounters } from '../../../../lab/testbed/device-counters.ts';
import { ethernet, ipv4, MARKER, tcp, udp, type VlanTag } from '../../../../lab/testbed/frames.ts';
import { insertFilters, type UdpTuple } from '../../../../lab/nic-module/filters.ts';
import type { NicCounters } from '../../../../lab/nic-module/nic.ts';
import { CommandFailed, run } from '../../../../lab/testbed/run.ts';
import { waitFor } from '../../../../lab/testbed/wait.ts';
import { macsOf, udpFrames } from '../../../node/fixture.ts';
import { needs } from '../../../support/needs.ts';
import { NicRig } from './support/rig.ts';

const COUNT = 20;
/** Longer than any test: counters that are read with this period are not read. */
const NEVER_MS = 3_600_000;

/** The flow of `udpFrames(1, ...)`. */
const FILTERED: UdpTuple = {
  source: '10.77.0.1',
  destination: '10.78.0.1',
  sourcePort: 1_001,
  destinationPort: 2_001,
};
/** Its place in the table, and the first places of the tuples below, by the driver's hash (sfc/falcon). */
const FILTERED_AT = 2_258;
const FIRST_PROBES = [3_609, 352, 5_287, 2_030, 6_965];

const PROTOCOLS = ['udp', 'tcp'] as const;

/** Fields of a frame that a rule changes. */
interface Fields {
  readonly src: string;
  readonly to: Buffer;
  readonly ttl: number;
  readonly port: number;
  readonly tags: readonly VlanTag[];
}

function frame(protocol: (typeof PROTOCOLS)[number], { src, to, ttl, port, tags }: Fields): Buffer {
  const number = protocol === 'udp' ? 17 : 6;
  const ip = { src: Buffer.from([10, 0, 0, 1]), dst: to, protocol: number, ttl, tos: 0 };
  const data = Buffer.concat([MARKER, Buffer.alloc(61, 7)]);
  const segment =
    protocol === 'udp' ? udp(ip, 1_000, port, data) : tcp(ip, 1_000, port, 1, 0x10, data);
  const payload = ipv4(ip, 9, segment);
  return ethernet({ src, dst: '02:00:00:00:00:02', tags, etherType: 0x0800, payload });
}

const BEFORE: Fields = {
  src: '02:00:00:00:00:01',
  to: Buffer.from([10, 0, 0, 2]),
  ttl: 64,
  port: 2_000,
  tags: [],
};
const AFTER: Fields = {
  src: '02:aa:bb:cc:dd:ee',
  to: Buffer.from([192, 168, 77, 5]),
  ttl: 17,
  port: 4_321,
  tags: [{ tpid: 0x8100, vid: 7, pcp: 2 }],
};

describe('rules in the hardware of the NIC in software', function () {
  this.timeout(60_000);
  let rig: NicRig;
  let uplink = '';
  let representor = '';

  before(async function () {
    needs(this, 'kernel-lab', 'nic-module', 'root', 'netns', 'nft', 'debian-python3');
    rig = await NicRig.start({ entries: 64 });
    uplink = rig.nic.devices.uplink;
    representor = rig.nic.devices.representors[0] ?? '';
  });
  after(() => rig?.stop());

  /** What the counters of a device rise by while something happens. */
  async function rise(device: string, act: () => Promise<void>): Promise<NicCounters> {
    const before = await rig.nic.counters(device);
    await act();
    const after = await rig.nic.counters(device);
    return {
      hw_packets: after.hw_packets - before.hw_packets,
      hw_bytes: after.hw_bytes - before.hw_bytes,
      hw_drops: after.hw_drops - before.hw_drops,
      hw_misses: after.hw_misses - before.hw_misses,
      filter_packets: after.filter_packets - before.filter_packets,
      table_entries: after.table_entries - before.table_entries,
      table_insertions: after.table_insertions - before.table_insertions,
      table_refusals: after.table_refusals - before.table_refusals,
      table_insert_wait_ns: after.table_insert_wait_ns - before.table_insert_wait_ns,
    };
  }

  /** Packets that the kernel has received on a device of the host. */
  const received = (device: string): number => readDeviceCounters(process.pid, device).rxPackets;

  it('carry packets past the kernel, until they are removed', async () => {
    const { src, dst } = macsOf(1);
    const frames = udpFrames(1, COUNT);
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    const match = `ip src_mac ${src} dst_mac ${dst}`;
    await rig.add(representor, 1, `${match} action mirred egress redirect dev ${uplink}`);
    const seen = received(representor);
    const hits = await rise(representor, () => rig.send(rig.vms[0], frames));
    assert.deepEqual(
      [hits.hw_packets, hits.hw_bytes, hits.hw_drops, hits.hw_misses],
      [COUNT, bytes, 0, 0],
    );
    assert.deepEqual(await rig.rule(representor, 1), { inHardware: true, packets: COUNT, bytes });
    assert.equal(received(representor), seen);
    const removed = await rise(representor, () => rig.remove(representor, 1));
    assert.equal(removed.table_entries, -1);
    const misses = await rise(representor, () => rig.send(rig.vms[0], frames));
    assert.deepEqual([misses.hw_packets, misses.hw_misses], [0, COUNT]);
    assert.equal(received(representor), seen + COUNT);
  });

  it('drop, and are chosen by priority', async () => {
    const { src } = macsOf(2);
    await rig.add(representor, 3, `ip src_mac ${src} action mirred egress redirect dev ${uplink}`);
    await rig.add(representor, 2, 'ip src_ip 10.77.0.2 action drop');
    const drops = await rise(representor, () => rig.send(rig.vms[0], udpFrames(2, COUNT)));
    assert.deepEqual([drops.hw_packets, drops.hw_drops], [COUNT, COUNT]);
    assert.equal((await rig.rule(representor, 2))?.packets, COUNT);
    assert.equal((await rig.rule(representor, 3))?.packets, 0);
    await rig.remove(representor, 2);
    await rig.remove(representor, 3);
  });

  it('rewrite headers of UDP and TCP, with checksums, and push a tag', async () => {
    for (const [n, protocol] of PROTOCOLS.entries()) {
      const edits = [
        'pedit ex',
        `munge eth src set ${AFTER.src}`,
        `munge ip dst set ${AFTER.to.join('.')}`,
        `munge ip ttl set ${AFTER.ttl}`,
        `munge ${protocol} dport set ${AFTER.port}`,
        'pipe',
      ];
      const actions = [
        `action ${edits.join(' ')}`,
        `action csum ip and ${protocol} pipe`,
        'action vlan push id 7 priority 2 pipe',
        `action mirred egress redirect dev ${uplink}`,
      ];
      const match = `ip ip_proto ${protocol} dst_ip ${BEFORE.to.join('.')} dst_port ${BEFORE.port}`;
      await rig.add(representor, 10 + n, `${match} ${actions.join(' ')}`);
    }
    const capture = await rig.capture(rig.remote);
    await rig.send(
      rig.vms[0],
      PROTOCOLS.map((protocol) => frame(protocol, BEFORE)),
    );
    await waitFor('the frames on the wire', () => capture.frames.length >= 2 || undefined, {
      timeoutMs: 10_000,
    });
    await capture.stop();
    assert.deepEqual(
      capture.take().map(({ bytes }) => bytes.toString('hex')),
      PROTOCOLS.map((protocol) => frame(protocol, AFTER).toString('hex')),
    );
  });

  it('match a tag and pop it; untagged frames do not match', async () => {
    const match = '802.1Q vlan_id 7 vlan_prio 2 vlan_ethtype ip';
    const actions = `action vlan pop pipe action mirred egress redirect dev ${representor}`;
    await rig.add(uplink, 5, `${match} ${actions}`);
    const capture = await rig.capture(rig.vms[0]);
    const untagged = frame('udp', { ...AFTER, tags: [] });
    const other = frame('udp', { ...AFTER, tags: [{ tpid: 0x8100, vid: 8, pcp: 2 }] });
    const counted = await rise(uplink, () =>
      rig.send(rig.remote, [untagged, other, frame('udp', AFTER)]),
    );
    const [got] = await waitFor(
      'the frame in the VM',
      () => (capture.frames.length > 0 ? capture.take() : undefined),
      { timeoutMs: 10_000 },
    );
    await capture.stop();
    await rig.remove(uplink, 5);
    assert.deepEqual([counted.hw_packets, counted.hw_misses], [1, 2]);
    assert.equal(got.bytes.toString('hex'), untagged.toString('hex'));
  });

  it('report counters late by the given time', async () => {
    await rig.nic.set('stats_delay_ms', NEVER_MS);
    await rig.add(representor, 6, 'ip src_ip 10.77.0.3 action drop');
    const counted = await rise(representor, () => rig.send(rig.vms[0], udpFrames(3, COUNT)));
    assert.equal(counted.hw_packets, COUNT);
    assert.equal((await rig.rule(representor, 6))?.packets, 0);
    await rig.nic.set('stats_delay_ms', 100);
    const packets = await waitFor(
      'the counters',
      async () => (await rig.rule(representor, 6))?.packets || undefined,
      { timeoutMs: 10_000 },
    );
    assert.equal(packets, COUNT);
    await rig.nic.set('stats_delay_ms', 0);
    await rig.remove(representor, 6);
  });

  it('steer by receive filters, which are full at the probe depth of the SFN5122F', async () => {
    // The folded tuple is the same for all of them: a bit in both addresses and ports cancels out.
    const filters = Array.from({ length: 201 }, (_, n): UdpTuple => {
      return { ...FILTERED, source: `10.77.0.${n}`, destinationPort: 2_048 + n };
    });
    const answers = await insertFilters(uplink, 1, filters);
    const locations = answers.slice(0, 200);
    assert(locations.every((location) => typeof location === 'number' && location < 8_192));
    assert.equal(new Set(locations).size, 200);
    assert.deepEqual(answers.slice(0, 5), FIRST_PROBES);
    assert.equal(answers[200], 'EBUSY');
    // Another tuple has room. An equal filter moves to a free place that comes sooner, and leaves its own.
    await run('ethtool', ['-N', uplink, 'delete', String(answers[3])]);
    assert.deepEqual(await insertFilters(uplink, 1, [FILTERED, filters[7], filters[200]]), [
      FILTERED_AT,
      answers[3],
      answers[7],
    ]);
    const steered = await rise(uplink, () => rig.send(rig.remote, udpFrames(1, COUNT)));
    assert.deepEqual([steered.filter_packets, steered.hw_misses], [COUNT, 0]);
  });

  for (const { what, rest, words } of [
    {
      what: 'a match',
      rest: 'ip ip_proto icmp type 8 action drop',
      words: 'Unsupported match key',
    },
    { what: 'an action', rest: 'ip action sample rate 9 group 1', words: 'Unsupported action' },
    {
      what: 'a redirect to another switch',
      rest: 'ip action mirred egress redirect dev lo',
      words: 'Redirect to a device that is not on this switch',
    },
    {
      what: 'a rewrite without a match on the header',
      rest: 'all action pedit ex munge ip ttl set 9 pipe action drop',
      words: 'Header rewrite needs an exact match on the header',
    },
    {
      what: 'a rewrite of another field',
      rest: 'ip action pedit ex munge ip tos set 9 pipe action drop',
      words: 'Rewrite of this header field is not supported',
    },
    {
      what: 'counters at each packet',
      rest: 'ip action drop hw_stats immediate',
      words: 'Driver does not support selected HW stats type',
    },
  ]) {
    it(`are refused for ${what}, with the driver's words`, async () => {
      const before = await rig.nic.counters(uplink);
      await assert.rejects(rig.add(representor, 7, rest), (error) => {
        assert(error instanceof CommandFailed);
        assert.match(error.stderr, new RegExp(`Error: labnic: ${words}`));
        return true;
      });
      assert.equal((await rig.nic.counters(uplink)).table_entries, before.table_entries);
    });
  }
});
