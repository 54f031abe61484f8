import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FlowActions } from '../../../engine/model/action.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import {
  FIELD_BITS,
  type FieldMatch,
  fieldBytes,
  type FlowMatch,
  type TunnelMatch,
} from '../../../engine/model/match.ts';
import type { TunnelHeader } from '../../../engine/model/tunnel.ts';
import type { Tick } from '../../../engine/model/tick.ts';
import { block, jsonBlock, joined } from '../../../replay/recording/blocks.ts';
import { ByteWriter } from '../../../replay/recording/byte-writer.ts';
import { FlowDecoder, FlowEncoder } from '../../../replay/recording/flow-codec.ts';
import { Block, MAGIC } from '../../../replay/recording/format.ts';
import { PayloadError, PayloadReader } from '../../../replay/recording/payload-reader.ts';
import { RecordingFeed } from '../../../replay/recording/recording-feed.ts';
import { TickEncoder } from '../../../replay/recording/tick-encoder.ts';
import { TraceDamaged, TraceError } from '../../../replay/input/trace-error.ts';
import { Traffic } from '../../../replay/input/traffic.ts';
import { anyFrom, flowId, outputTo, read } from '../../support/flows.ts';
import { sourceOf } from '../support/trace-file.ts';

/** Decoded objects have the default prototype. */
const PLAIN = { noNullPrototype: true };
const FIELDS = Object.keys(FIELD_BITS).filter((f): f is keyof typeof FIELD_BITS => f in FIELD_BITS);

const field: fc.Arbitrary<FieldMatch> = fc.constantFrom(...FIELDS).chain((name) => {
  const length = fieldBytes(name);
  const bytes = fc.uint8Array({ minLength: length, maxLength: length });
  const spare = length * 8 - FIELD_BITS[name];
  return fc.tuple(bytes, bytes, fc.boolean()).map(([value, some, exact]) => {
    const mask = exact ? new Uint8Array(length).fill(0xff) : some;
    mask[0] &= 0xff >> spare;
    if (mask.every((byte) => byte === 0)) mask[length - 1] = 1;
    return { field: name, value: value.map((byte, i) => byte & mask[i]), mask };
  });
});
const wire = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const tunnelKind = fc.constantFrom('geneve' as const, 'vxlan' as const);
const network = { vni: fc.nat(0xff_ffff), options: fc.uint8Array({ maxLength: 12 }) };
const tunnel: fc.Arbitrary<TunnelMatch> = fc.record(
  {
    ...network,
    kind: tunnelKind,
    fields: fc.array(field, { maxLength: 4 }),
    doNotFragment: fc.boolean(),
    hasChecksum: fc.boolean(),
  },
  { ...PLAIN, requiredKeys: ['kind', 'fields', 'vni', 'options'] },
);
const header: fc.Arbitrary<TunnelHeader> = fc.constantFrom(4, 16).chain((length) =>
  fc.record(
    {
      ...network,
      kind: tunnelKind,
      ethernet: fc.option(fc.record({ src: wire(6), dst: wire(6) }, PLAIN), { nil: undefined }),
      src: wire(length),
      dst: wire(length),
      tos: fc.nat(255),
      ttl: fc.nat(255),
      doNotFragment: fc.boolean(),
      srcPort: fc.option(fc.nat(0xffff), { nil: undefined }),
      dstPort: fc.nat(0xffff),
      hasChecksum: fc.boolean(),
    },
    PLAIN,
  ),
);
const name = fc.constantFrom('vm1', 'vm2', 'eth0', 'ü', '');
const match: fc.Arbitrary<FlowMatch> = fc.record(
  {
    inPort: name,
    fields: fc.array(field, { maxLength: 6 }),
    opaque: fc.array(fc.record({ name, text: fc.string() }, PLAIN), { maxLength: 2 }),
    tunnel,
  },
  { ...PLAIN, requiredKeys: ['inPort', 'fields', 'opaque'] },
);
const actions: fc.Arbitrary<FlowActions> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('output' as const), port: name }, PLAIN),
    field.map((f) => ({ kind: 'set' as const, ...f })),
    fc.record(
      {
        kind: fc.constant('push-vlan' as const),
        tpid: fc.constantFrom(0x8100, 0x88a8),
        vid: fc.nat(4095),
        pcp: fc.nat(7),
      },
      PLAIN,
    ),
    fc.constant({ kind: 'pop-vlan' as const }),
    header.map((one) => ({ kind: 'push-tunnel' as const, header: one })),
    fc.record({ kind: fc.constant('opaque' as const), text: fc.string() }, PLAIN),
  ),
  { maxLength: 4 },
);

describe('replay: recording', () => {
  it('codec: decodes the numbers and texts that it encoded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.maxSafeNat(), fc.string({ unit: 'binary' })), { maxLength: 20 }),
        (values) => {
          const writer = new ByteWriter();
          for (const v of values) {
            if (typeof v === 'number') writer.varint(v);
            else writer.text(v);
          }
          const reader = new PayloadReader(writer.written.slice());
          for (const v of values) {
            assert.equal(typeof v === 'number' ? reader.varint() : reader.text(), v);
          }
          assert.equal(reader.left, 0);
        },
      ),
    );
  });

  it('codec: decodes the flows that it encoded, with every field and action', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ match, actions }, PLAIN), { maxLength: 8 }), (flows) => {
        const writer = new ByteWriter();
        const encoder = new FlowEncoder();
        for (const flow of flows) encoder.flow(flow, writer);
        const reader = new PayloadReader(writer.written.slice());
        const decoder = new FlowDecoder();
        for (const flow of flows) assert.deepEqual(decoder.flow(reader), flow);
        assert.equal(reader.left, 0);
      }),
    );
  });

  it('codec: decodes flows of version 1, which had no tunnels', () => {
    const old = fc
      .record({ match, actions }, PLAIN)
      .filter(
        (flow) =>
          flow.match.tunnel === undefined &&
          flow.actions.every(({ kind }) => kind !== 'push-tunnel'),
      );
    fc.assert(
      fc.property(old, (flow) => {
        const writer = new ByteWriter();
        new FlowEncoder().flow(flow, writer);
        // The last byte says that there is no tunnel.
        const reader = new PayloadReader(writer.written.slice(0, -1));
        assert.deepEqual(new FlowDecoder(1).flow(reader), flow);
        assert.equal(reader.left, 0);
      }),
    );
  });

  it('plays a recording of version 1', async () => {
    const tick = new ByteWriter();
    tick.varint(250_000);
    tick.varint(0);
    tick.byte(0);
    // Totals, loads of ports, flows that were missed, flows gone.
    for (let n = 0; n < 4 + 1 + 3 + 1; n++) tick.varint(0);
    tick.varint(1);
    tick.varint(0);
    const encoder = new FlowEncoder();
    encoder.id(flowId(1), tick);
    encoder.flow({ match: anyFrom('vm1'), actions: outputTo('vm2') }, tick);
    const withoutTunnel = tick.written.slice(0, -1);
    tick.clear();
    // No flow changed; traffic of one.
    for (const number of [0, 1, 0, 7, 700, 0]) tick.varint(number);
    const parts = [
      Uint8Array.of(...MAGIC, 1),
      jsonBlock(Block.start, START),
      block(Block.tick, [withoutTunnel, tick.written.slice()]),
      jsonBlock(Block.end, { reason: 'done' }),
    ];
    const { traffic, failure } = await play(joined(parts));
    assert.equal(failure, undefined);
    assert.ok(traffic.slotOf(flowId(1)) >= 0);
    assert.deepEqual([traffic.totalPackets, traffic.totalBytes], [7, 700]);
    const later = await play(joined([Uint8Array.of(...MAGIC, 3), ...parts.slice(1)]));
    assert.match(String(later.failure), /unsupported version 3 of the recording; expected 1 to 2/);
  });

  it('codec: decodes arbitrary bytes or fails with a PayloadError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const reader = new PayloadReader(bytes);
        const decoder = new FlowDecoder();
        try {
          while (reader.left > 0) decoder.flow(reader);
        } catch (error) {
          assert.ok(error instanceof PayloadError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  /** What happens to one flow between two readings. */
  const step = fc.array(
    fc.record({
      n: fc.nat(7),
      what: fc.constantFrom('send', 'send', 'send', 'leave', 'change', 'idle'),
      packets: fc.nat(1000),
    }),
    { maxLength: 8 },
  );
  const steps = (...seen: readonly string[]) =>
    fc.array(fc.record({ flows: step, seen: fc.constantFrom(...seen) }), { maxLength: 25 });

  async function recorded(all: readonly Step[]) {
    const node = new ModelNode();
    const parts = [node.encoder.start(START)];
    node.read('recorded');
    for (const { flows, seen } of all) {
      for (const f of flows) node.apply(f.n, f.what, f.packets);
      parts.push(...node.read(seen));
    }
    parts.push(...node.read('recorded'), jsonBlock(Block.end, { reason: 'done' }));
    const played = await play(joined(parts));
    assert.equal(played.failure, undefined);
    assert.deepEqual(
      played.notes.filter((n) => n.includes('incomplete')),
      [],
    );
    for (const [n, flow] of node.expectedFlows()) {
      const slot = played.traffic.slotOf(flowId(n));
      assert.ok(slot >= 0, `flow ${n} is missing`);
      assert.deepEqual(played.traffic.flowAt(slot).actions, flow.actions);
    }
    return { node, played };
  }

  it('contains all traffic when ticks are lost and readings fail', async () => {
    await fc.assert(
      fc.asyncProperty(steps('recorded', 'recorded', 'lost', 'failed'), async (all) => {
        const { node, played } = await recorded(all);
        const { missedPackets, missedBytes } = played.recorded;
        assert.equal(played.traffic.totalPackets + missedPackets, node.seenPackets);
        assert.equal(played.traffic.totalBytes + missedBytes, node.seenPackets * 100);
      }),
      { numRuns: 200 },
    );
  });

  it('does not confuse flows when ticks are missed', async () => {
    await fc.assert(
      fc.asyncProperty(steps('recorded', 'lost', 'missed'), async (all) => {
        const { node, played } = await recorded(all);
        // Traffic is lost only if the reading before a flow's removal was missed.
        assert.ok(played.traffic.totalPackets <= node.seenPackets);
      }),
      { numRuns: 200 },
    );
  });

  it('contains the traffic of a flow that was removed and added again in missed ticks', async () => {
    const encoder = new TickEncoder();
    const table = new FlowTable();
    const blocks = [encoder.start(START)];
    /** Packets of the flow in each reading, and whether the encoder gets the tick. */
    const readings = [
      { packets: undefined, encoded: true },
      { packets: 100, encoded: true },
      { packets: undefined, encoded: false },
      { packets: 5, encoded: false },
      { packets: 7, encoded: true },
    ];
    for (const [i, { packets, encoded }] of readings.entries()) {
      const atMs = 1000 + i * 250;
      read(table, atMs, packets === undefined ? [] : [{ n: 1, packets, bytes: packets * 100 }]);
      const part = encoded ? encoder.encode(tickOf(table, i + 1, atMs, true)) : undefined;
      if (part !== undefined) blocks.push(part);
    }
    const played = await play(joined([...blocks, jsonBlock(Block.end, { reason: 'done' })]));
    assert.equal(played.failure, undefined);
    assert.deepEqual([played.traffic.totalPackets, played.traffic.totalBytes], [107, 10_700]);
  });

  it('keeps the time of the last packet within a tick', async () => {
    const encoder = new TickEncoder();
    const table = new FlowTable();
    const blocks = [encoder.start(START)];
    for (const [i, idleMs] of [0, 130, 0].entries()) {
      const atMs = 1000 + i * 250;
      table.begin(atMs);
      const found = table.rowOf(flowId(1));
      const row = found >= 0 ? found : table.add(flowId(1), anyFrom('vm1'), []);
      table.observe(row, 10 * i, 10 * i, idleMs);
      table.end();
      const part = encoder.encode(tickOf(table, i + 1, atMs, true));
      if (part !== undefined) blocks.push(part);
    }
    const feed = new RecordingFeed(sourceOf(joined(blocks)));
    const traffic = new Traffic();
    assert.equal((await feed.next(traffic))?.atMs, 250);
    assert.equal(traffic.lastAtMs(traffic.slotOf(flowId(1))), 120);
    traffic.endTick();
    assert.equal((await feed.next(traffic))?.atMs, 500);
    assert.equal(traffic.lastAtMs(traffic.slotOf(flowId(1))), 500);
  });

  it('gives the same traffic for any chunks, and reports where a file is truncated', async () => {
    const node = new ModelNode();
    const parts = [node.encoder.start(START)];
    for (let i = 0; i < 6; i++) {
      node.apply(i % 3, i === 4 ? 'leave' : 'send', 10 + i);
      parts.push(...node.read('recorded'));
    }
    const bytes = joined([...parts, jsonBlock(Block.end, { reason: 'done' })]);
    const whole = await play(bytes);
    assert.equal(whole.failure, undefined);
    for (let cut = 0; cut < bytes.length; cut++) {
      const pieces = await play(bytes, [cut, 1]);
      assert.equal(pieces.traffic.totalPackets, whole.traffic.totalPackets);
      const short = await play(bytes.subarray(0, cut));
      assert.ok(short.traffic.totalPackets <= whole.traffic.totalPackets);
      assert.ok(short.failure instanceof TraceDamaged || short.notes.length > 0, `cut at ${cut}`);
    }
  });

  it('reads arbitrary damage or fails with a TraceError, and never hangs', async () => {
    const node = new ModelNode();
    const parts = [node.encoder.start(START)];
    for (let i = 0; i < 8; i++) {
      node.apply(i % 4, i === 5 ? 'leave' : 'send', 300 * i);
      parts.push(...node.read('recorded'));
    }
    const good = joined(parts);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const bytes = good.slice();
          for (const [at, value] of changes) bytes[at] = value;
          const { failure } = await play(bytes);
          assert.ok(failure === undefined || failure instanceof TraceError, String(failure));
        },
      ),
      { numRuns: 300 },
    );
  });
});

const START = { version: '0.1.0', startedMs: 1_700_000_000_000, periodMs: 250, tables: [] };

interface Step {
  readonly flows: readonly {
    readonly n: number;
    readonly what: string;
    readonly packets: number;
  }[];
  readonly seen: string;
}

interface ModelFlow {
  packets: number;
  actions: FlowActions;
}

function tickOf(table: FlowTable, sequence: number, atMs: number, flowsFresh: boolean): Tick {
  const portLoad = new Map([['vm1', { rxBitsPerSecond: 1, txBitsPerSecond: 2 }]]);
  return {
    sequence,
    atMs,
    table,
    node: { hostCpu: 0.5, packetCost: 1500, portLoad },
    ports: new Map(),
    sources: [],
    flowsFresh,
    fresh: flowsFresh,
  };
}

/** A vSwitch model whose flows a test changes, with the totals of its readings. */
class ModelNode {
  readonly encoder = new TickEncoder();
  /** Packets of 100 bytes in readings since the first. */
  seenPackets = 0;
  readonly #table = new FlowTable();
  readonly #flows = new Map<number, ModelFlow>();
  /** Packets in readings, by flow. */
  readonly #seen = new Map<number, number>();
  /** Flows that left since the last good reading. */
  readonly #left = new Set<number>();
  #nowMs = 0;
  #sequence = 0;

  apply(n: number, what: string, packets: number): void {
    if (what === 'leave') {
      this.#flows.delete(n);
      this.#left.add(n);
    }
    // A flow added again before its removal was read would look as if its counters decreased.
    if (this.#left.has(n)) return;
    const flow = this.#flows.get(n) ?? { packets: 0, actions: [] };
    this.#flows.set(n, flow);
    if (what === 'send') flow.packets += packets;
    if (what === 'change') flow.actions = [{ kind: 'output', port: `p${packets}` }];
  }

  /** Takes a reading; `seen`: what the encoder does with its tick. */
  read(seen: string): readonly Uint8Array[] {
    const table = this.#table;
    this.#nowMs += 250;
    table.begin(this.#nowMs);
    for (const [n, flow] of this.#flows) {
      const id = flowId(n);
      let row = table.rowOf(id);
      if (row < 0) row = table.add(id, anyFrom('vm1'), flow.actions);
      else if (table.actionsAt(row) !== flow.actions) table.setActions(row, flow.actions);
      table.observe(row, flow.packets, flow.packets * 100, 0);
      if (seen === 'failed') break;
    }
    if (seen === 'failed') {
      table.abandon();
      // The counters of a known flow that was read before the failure still count.
      const [first] = this.#flows;
      if (first !== undefined && this.#seen.has(first[0])) this.#count(...first);
      return this.#encode(false, 'recorded');
    }
    table.end();
    this.#left.clear();
    for (const n of this.#seen.keys()) if (!this.#flows.has(n)) this.#seen.delete(n);
    for (const [n, flow] of this.#flows) this.#count(n, flow);
    return this.#encode(true, seen);
  }

  #count(n: number, { packets }: ModelFlow): void {
    this.seenPackets += packets - (this.#seen.get(n) ?? 0);
    this.#seen.set(n, packets);
  }

  /** Flows that the recording must contain at its end. */
  expectedFlows(): readonly (readonly [number, ModelFlow])[] {
    return [...this.#flows].filter(([, flow]) => flow.packets > 0);
  }

  #encode(flowsFresh: boolean, seen: string): readonly Uint8Array[] {
    this.#sequence++;
    if (seen === 'missed') return [];
    const tick = tickOf(this.#table, this.#sequence, this.#nowMs, flowsFresh);
    if (seen === 'lost') {
      this.encoder.markLost(tick);
      return [];
    }
    const blocks = this.encoder.encode(tick);
    return blocks === undefined ? [] : [blocks];
  }
}

async function play(bytes: Uint8Array, pieces: readonly number[] = []) {
  const feed = new RecordingFeed(sourceOf(bytes, pieces));
  const traffic = new Traffic();
  let failure: unknown;
  try {
    while ((await feed.next(traffic)) !== undefined) traffic.endTick();
  } catch (error) {
    failure = error;
  }
  return { traffic, failure, recorded: feed.recorded(), notes: feed.notes() };
}
