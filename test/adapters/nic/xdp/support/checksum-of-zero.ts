import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../../adapters/nic/host/backend.ts';
import type { FlowAction } from '../../../../../engine/model/action.ts';
import type { FieldMatch, FieldName } from '../../../../../engine/model/match.ts';
import { ethernet, ipv4, udp } from '../../../../../lab/testbed/frames.ts';
import { never } from '../../../../contract/collect.ts';
import { flowId } from '../../../../support/flows.ts';
import { allBits, exactly, matchOn, numberBytes } from '../../../../support/match-fields.ts';
import { performed } from './model.ts';
import type { ProgramRun } from './program-run.ts';
import type { World } from '../../support/world.ts';

/** Of an untagged IPv4 frame. */
const UDP_CHECKSUM_AT = 14 + 20 + 6;

/** A packet, a flow that has it, and a rewrite. */
interface ChecksumOfZero {
  readonly packet: Buffer;
  readonly fields: readonly FieldMatch[];
  readonly action: FlowAction;
}

/**
 * UDP datagrams whose checksum becomes zero by a rewrite of a port and of an address. In UDP zero
 * means no checksum; the vSwitch writes 0xffff, which is the same sum.
 */
function checksumsOfZero(): readonly ChecksumOfZero[] {
  const ip = { src: Buffer.from([10, 0, 0, 1]), dst: Buffer.from([10, 0, 3, 7]), protocol: 17 };
  const header = { ...ip, ttl: 64, tos: 0 };
  const [port, low] = [700, ip.dst.readUInt16BE(2)];
  const segment = udp(header, 900, port, Buffer.from('some data'));
  const sum = segment.readUInt16BE(6);
  const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
  const packet = ethernet({ ...macs, etherType: 0x0800, payload: ipv4(header, 1, segment) });
  const fields = [exactly('eth_type', 0x0800), exactly('ip_proto', 17), exactly('ip_frag', 0)];
  const address = new Uint8Array([
    ...ip.dst.subarray(0, 2),
    ...numberBytes('udp_dst', (sum + low) % 0xffff),
  ]);
  return [
    { packet, fields, action: set('udp_dst', numberBytes('udp_dst', (sum + port) % 0xffff)) },
    { packet, fields, action: set('ipv4_dst', address) },
  ];
}

/** A table, its program, and a verdict of it. */
interface Rewriting {
  readonly backend: HostBackend;
  readonly program: ProgramRun;
  /** Two ports: flows enter by the first and leave by the second. */
  readonly world: World;
  readonly redirect: number;
}

/** Asserts that the program writes a UDP checksum of zero as 0xffff, and all else as the vSwitch does. */
export async function assertWritesZeroAsOnes(table: Rewriting): Promise<void> {
  const { backend, program, world, redirect } = table;
  const [inPort, port] = world.names();
  for (const { fields, action, packet } of checksumsOfZero()) {
    const actions = [action, { kind: 'output' as const, port }];
    const flow = { id: flowId(1), match: matchOn(inPort, ...fields), actions };
    await backend.withdrawAll();
    const [put] = await backend.apply([{ kind: 'put', flow }], never());
    assert.ok(put.ok, JSON.stringify(put));
    const { verdict, bytes } = program.run(packet, world.port(inPort).ifindex);
    assert.equal(verdict, redirect);
    assert.equal(bytes.toString('hex'), performed(packet, actions).toString('hex'));
    assert.equal(bytes.readUInt16BE(UDP_CHECKSUM_AT), 0xffff);
  }
}

function set(field: FieldName, value: Uint8Array): FlowAction {
  return { kind: 'set', field, value, mask: allBits(field) };
}
