import assert from 'node:assert/strict';
import {
  type ComposedConnection,
  composeConnection,
} from '../../../../../engine/connections/chain/compose.ts';
import { actionsText } from '../../../../../engine/model/action-text.ts';
import type {
  ConnectionTuple,
  PacketHeaders,
  TrackedConnection,
} from '../../../../../engine/model/connection.ts';
import type { FlowSpec } from '../../../../../engine/model/flow.ts';
import type { FieldMatch, FieldName } from '../../../../../engine/model/match.ts';
import type { Seeded } from '../../../../support/seeded.ts';
import { finder, indexOf } from './megaflows.ts';
import {
  type Delivered,
  type ModelBits,
  type ModelConnection,
  type ModelPacket,
  type ModelTuple,
  perform,
} from './model.ts';
import { bitsOf, bytes, number, type Pipeline, random } from './random-pipeline.ts';

/** What the composer refuses of pipelines that the model follows. */
const REFUSED = /^the packets are dropped, and conntrack|\+snat (?:or|and) \+dnat, and conntrack/;

/** The entry of a packet that enters with these headers; undefined for what the composer refuses of pipelines. */
export function composeEntry(
  headers: PacketHeaders,
  megaflows: readonly FlowSpec[],
  pipeline: Pipeline,
): ComposedConnection | undefined {
  const composed = composeConnection(
    headers,
    indexOf(megaflows),
    finder(...pipeline.connections.map((c) => connectionOf(pipeline, c))),
  );
  if (composed.kind === 'refused' && REFUSED.test(composed.detail)) return undefined;
  // The megaflow that matches has a state that the composer cannot know.
  const isHidden = pipeline.connections.some(({ keptState }) => keptState !== 0n);
  if (composed.kind === 'refused' && / no megaflow matches /.test(composed.detail) && isHidden)
    return undefined;
  if (composed.kind === 'refused') assert.fail(`${composed.code}: ${composed.detail}`);
  return composed;
}

/** Headers of a packet as the composer takes them. */
export function valuesOf(headers: ModelPacket): Partial<Record<FieldName, Uint8Array>> {
  return Object.fromEntries([...headers].map(([name, value]) => [name, bytes(name, value)]));
}

function connectionOf(pipeline: Pipeline, c: ModelConnection): TrackedConnection {
  const isIpv4 = pipeline.headers.has('ipv4_src');
  const address = isIpv4 ? 'ipv4_src' : 'ipv6_src';
  const tuple = (of: ModelTuple): ConnectionTuple => ({
    ipVersion: isIpv4 ? 4 : 6,
    protocol: Number(pipeline.headers.get('ip_proto')),
    src: bytes(address, of.src),
    dst: bytes(address, of.dst),
    srcPort: Number(of.srcPort),
    dstPort: Number(of.dstPort),
  });
  return {
    zone: Number(c.zone),
    original: tuple(c.original),
    reply: tuple(c.reply),
    isEstablished: true,
    mark: Number(c.mark),
    labels: bytes('ct_label', c.label),
  };
}

/** The conditions of the entry, for the model. */
export function conditionsOf(fields: readonly FieldMatch[]): readonly ModelBits[] {
  return fields.map(({ field, value, mask }) => ({
    name: field,
    value: number(value),
    mask: number(mask),
  }));
}

/** What the entry does to a packet. */
export function deliver({ actions }: ComposedConnection, headers: ModelPacket): Delivered {
  const packet = new Map(headers);
  let port: string | undefined;
  for (const action of actions) {
    assert.equal(port, undefined, `actions after the output: ${actionsText(actions)}`);
    if (action.kind === 'output') port = action.port;
    else if (action.kind === 'set') {
      const { field: name, value, mask } = action;
      perform(packet, { kind: 'set', name, value: number(value), mask: number(mask) }, []);
    } else if (action.kind === 'push-vlan') {
      const tag = { tpid: BigInt(action.tpid), vid: BigInt(action.vid), pcp: BigInt(action.pcp) };
      perform(packet, { kind: 'push', ...tag }, []);
    } else if (action.kind === 'pop-vlan') perform(packet, { kind: 'pop' }, []);
    else if (action.kind !== 'push-tunnel') assert.fail(actionsText([action]));
  }
  return { port, headers: packet };
}

/** The same packet, or where it is dropped, the same drop. */
export function assertSame(actual: Delivered, expected: Delivered | undefined, what: string): void {
  if (expected === undefined) assert.fail(`${what}: the vSwitch has no megaflow for it`);
  assert.equal(actual.port, expected.port, what);
  if (expected.port === undefined) return;
  const sorted = (of: ModelPacket) => [...of].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(sorted(actual.headers), sorted(expected.headers), what);
}

/** Another packet: one or two headers differ in one bit or in many. */
export function changed(r: Seeded, headers: ModelPacket): ModelPacket {
  const packet = new Map(headers);
  for (let n = r.between(1, 2); n > 0; n--) {
    const name = r.pick([...packet.keys()]);
    const bits = bitsOf(name);
    const flip = r.chance(0.5) ? 1n << BigInt(r.below(bits)) : random(r, bits);
    packet.set(name, (packet.get(name) ?? 0n) ^ flip);
  }
  return packet;
}
