import assert from 'node:assert/strict';
import { type Entry, newState, noteCounters } from '../../../../adapters/nic/flower/entry.ts';
import { EntryTable } from '../../../../adapters/nic/flower/entry-table.ts';
import { placeOf } from '../../../../adapters/nic/flower/priorities.ts';
import { ServedDevice } from '../../../../adapters/nic/flower/served-device.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import { NetlinkMalformed } from '../../../../protocols/netlink/errors.ts';
import { encodeStruct, StructReader } from '../../../../protocols/netlink/structs.ts';
import { attributesOf } from '../../../../protocols/netlink/tables.ts';
import { FilterCounters } from '../../../../protocols/netlink/tc/filter-counters.ts';
import { FLOWER } from '../../../../protocols/netlink/tc/flower-table.ts';
import {
  ACT,
  BASIC_STATS,
  FILTER_FLAGS,
  infoOf,
  QUEUE_STATS,
  STATS,
  TC,
  TCMSG,
} from '../../../../protocols/netlink/tc/tables.ts';
import { flowId } from '../../../support/flows.ts';

/** What the counters of an action are in a message. */
interface ActionCounters {
  readonly packets: number;
  readonly bytes: number;
  readonly hardwarePackets?: number;
  readonly hardwareBytes?: number;
  readonly overlimits?: number;
}

function action(kind: string, counters: ActionCounters): Buffer {
  const { packets, bytes, hardwarePackets = 0, hardwareBytes = 0, overlimits = 0 } = counters;
  const basic = (count: number, sum: number): StructReader =>
    new StructReader(
      'gnet_stats_basic',
      encodeStruct(16, [BASIC_STATS.bytes.of(BigInt(sum)), BASIC_STATS.packets.of(count)]),
    );
  const queue = encodeStruct(20, [QUEUE_STATS.overlimits.of(overlimits)]);
  return Buffer.concat([
    ACT.kind.of(kind),
    ACT.stats.of(
      attributesOf(
        STATS.basic.of(basic(packets % 2 ** 32, bytes)),
        STATS.basicHardware.of(basic(hardwarePackets, hardwareBytes)),
        STATS.packets64.of(BigInt(packets)),
        STATS.queue.of(new StructReader('gnet_stats_queue', queue)),
      ),
    ),
  ]);
}

/** The counters of a filter of the ethertype IPv4 with these actions. */
function read(actions: readonly Buffer[], kind = 'flower'): FilterCounters | undefined {
  const header = encodeStruct(TCMSG.bytes, [
    TCMSG.ifindex.of(7),
    TCMSG.handle.of(3),
    TCMSG.info.of(infoOf(10, 0x0800)),
  ]);
  const options = attributesOf(
    FLOWER.filterFlags.of(FILTER_FLAGS.inHardware),
    FLOWER.actions.of(actions),
  );
  const payload = Buffer.concat([header, TC.kind.of(kind), TC.options.of(options)]);
  // The message begins somewhere in a datagram.
  const datagram = Buffer.concat([Buffer.alloc(16, 0xee), payload, Buffer.alloc(8, 0xee)]);
  const counters = new FilterCounters();
  return counters.read(datagram, 16, 16 + payload.length) ? counters : undefined;
}

function entryOf(protocol: number, hasHeartbeat: boolean): Entry {
  const id = flowId(1);
  const place = placeOf(protocol);
  return {
    id,
    key: formatFlowId(id),
    device: new ServedDevice('vm1', 7, { madeClsact: true, optionBytes: 0 }, 0),
    place,
    handle: 3,
    rule: undefined,
    adopted: undefined,
    ports: [],
    hasHeartbeat,
    ...newState(place),
    beatAtMs: 0,
  };
}

function noted(entry: Entry, actions: readonly Buffer[]): readonly [number, number] {
  const counters = read(actions);
  if (counters === undefined) throw new NetlinkMalformed(0, 'a filter');
  noteCounters(entry, counters);
  return [entry.unreportedPackets, entry.unreportedBytes];
}

describe('counters of flower rules', () => {
  it('are read from a message in place: place, flags, and those of the last action', () => {
    const counters = read([
      action('police', { packets: 9, bytes: 900, overlimits: 4 }),
      action('mirred', {
        packets: 2 ** 32 + 8,
        bytes: 2 ** 40,
        hardwarePackets: 5,
        hardwareBytes: 6,
      }),
    ]);
    assert.deepEqual(Object.fromEntries(Object.entries(counters ?? {})), {
      ifindex: 7,
      priority: 10,
      handle: 3,
      isInHardware: true,
      packets: 2 ** 32 + 8,
      bytes: 2 ** 40,
      hardwarePackets: 5,
      hardwareBytes: 6,
      overlimits: 4,
    });
    assert.equal(read([], 'bpf'), undefined);
    assert.equal(read([], 'flowers'), undefined);
  });

  it('in software count whole packets with their Ethernet headers, as the vSwitch does', () => {
    const entry = entryOf(0x0800, true);
    // Three packets, of which one is a segment train of 30, and one went to the vSwitch.
    const carried = { packets: 31, bytes: 45_000 };
    const rate = { packets: 32, bytes: 45_100, overlimits: 2 };
    assert.deepEqual(noted(entry, [action('police', rate), action('mirred', carried)]), [
      2,
      45_000 + 2 * 14,
    ]);
    const tagged = entryOf(0x8100, true);
    assert.deepEqual(noted(tagged, [action('police', rate), action('mirred', carried)]), [
      2,
      45_000 + 2 * 18,
    ]);
    const without = entryOf(0x0800, false);
    assert.deepEqual(noted(without, [action('mirred', carried)]), [31, 45_000 + 31 * 14]);
  });

  it('keep counting when the rate has wrapped around', () => {
    const entry = entryOf(0x0800, true);
    entry.packets = 100;
    entry.overlimits = 2 ** 32 - 2;
    const rate = action('police', { packets: 0, bytes: 0, overlimits: 3 });
    assert.deepEqual(noted(entry, [rate, action('mirred', { packets: 105, bytes: 0 })]), [5, 70]);
  });

  it('in hardware are what was on the wire, beside those of software', () => {
    const entry = entryOf(0x0800, false);
    const first = { packets: 12, bytes: 1_200, hardwarePackets: 10, hardwareBytes: 1_100 };
    assert.deepEqual(noted(entry, [action('mirred', first)]), [12, 1_200 + 2 * 14]);
    const second = { packets: 15, bytes: 1_500, hardwarePackets: 13, hardwareBytes: 1_400 };
    assert.deepEqual(noted(entry, [action('mirred', second)]), [15, 1_500 + 2 * 14]);
  });

  it('of a filter that was made again begin at zero', () => {
    const entry = entryOf(0x0800, false);
    noted(entry, [action('mirred', { packets: 10, bytes: 0, hardwarePackets: 10 })]);
    const again = { packets: 4, bytes: 0, hardwarePackets: 4 };
    assert.deepEqual(noted(entry, [action('mirred', again)]), [14, 0]);
  });

  it('are reported once, also when the entry is gone or the flow has another one', () => {
    const table = new EntryTable();
    const reports: number[][] = [];
    const report = (): number[][] => {
      table.report({
        carried: (_0, _1, _2, w3, packets, bytes) => reports.push([w3, packets, bytes]),
      });
      return reports.splice(0);
    };
    const first = entryOf(0x0800, false);
    table.add(first);
    first.unreportedPackets = 3;
    first.unreportedBytes = 300;
    table.remove(first);
    const second = entryOf(0x0800, false);
    table.add(second);
    second.unreportedPackets += 1;
    assert.deepEqual(report(), [[1, 4, 300]]);
    second.unreportedPackets = 5;
    table.remove(second);
    assert.deepEqual(report(), [[1, 5, 0]]);
    assert.deepEqual(report(), []);
  });
});
