import { encodeStruct, type FieldValue, StructReader } from '../structs.ts';
import { attributesOf } from '../tables.ts';
import {
  CSUM,
  GACT,
  MIRRED,
  MIRRED_TO,
  PACKET_TYPE,
  PEDIT,
  PEDIT_COMMAND,
  PEDIT_KEY,
  PEDIT_KEY_EX,
  PEDIT_SEL_BYTES,
  POLICE,
  SKBEDIT,
  TC_CSUM,
  TC_MIRRED,
  TC_PEDIT,
  TC_PEDIT_KEY,
  TC_POLICE,
  TC_TUNNEL_KEY,
  TC_VLAN,
  TUNNEL_KEY,
  TUNNEL_KEY_6_4,
  TUNNEL_KEY_OPERATION,
  VLAN,
  VLAN_OPERATION,
} from './action-tables.ts';
import { encodeGeneveOptions, type GeneveOption } from './geneve.ts';
import { ACT, ACT_FLAGS, TC_GEN, VERDICT } from './tables.ts';

/** A write of some bits of a packet's header, in units of 32 bits. */
export interface HeaderWrite {
  /** `PEDIT_HEADER`. */
  readonly header: number;
  /** From the beginning of the header, bytes; a multiple of 4. */
  readonly offset: number;
  /** 4 bytes as on the wire; bits outside the mask are zero. */
  readonly value: Buffer;
  /** 4 bytes; set bits are written. */
  readonly mask: Buffer;
}

/** One action, as an item of a list of actions. */
function action(kind: string, ...options: readonly Buffer[]): Buffer {
  return Buffer.concat([ACT.kind.of(kind), ACT.options.of(attributesOf(...options))]);
}

/** The action with a cookie, at most 16 bytes, which the kernel keeps and reports. */
export function withCookie(item: Buffer, cookie: Buffer): Buffer {
  return Buffer.concat([item, ACT.cookie.of(cookie)]);
}

/**
 * The action with one set of counters instead of one per CPU: less memory, and a lock for each
 * packet in software.
 */
export function withSharedCounters(item: Buffer): Buffer {
  const flags = Buffer.alloc(8);
  // struct nla_bitfield32: the bits, and which of them count.
  flags.writeUInt32LE(ACT_FLAGS.noPerCpuStats, 0);
  flags.writeUInt32LE(ACT_FLAGS.noPerCpuStats, 4);
  return Buffer.concat([item, ACT.flags.of(flags)]);
}

/** `struct` with `tc_gen` and the verdict after the action. */
function generic(bytes: number, verdict: number, ...fields: readonly FieldValue[]): Buffer {
  return encodeStruct(bytes, [TC_GEN.action.of(verdict), ...fields]);
}

const raw = (name: string, bytes: Buffer): StructReader => new StructReader(name, bytes);

/** Drops the packet, lets it pass, or continues: {@link VERDICT}. */
export function verdict(of: number): Buffer {
  return action('gact', GACT.parameters.of(raw('tc_gact', generic(20, of))));
}

/** Sends the packet out of a device; nothing else sees it. */
export function redirect(ifindex: number): Buffer {
  return mirred(MIRRED_TO.egressRedirect, ifindex);
}

/** Sends a copy of the packet out of a device, and continues. */
export function mirror(ifindex: number): Buffer {
  return mirred(MIRRED_TO.egressMirror, ifindex);
}

/**
 * Sends the packet, or a copy of it, out of a device, or into it as if the device had received it.
 *
 * @param to `MIRRED_TO`
 */
export function mirred(to: number, ifindex: number): Buffer {
  const isCopy = to === MIRRED_TO.egressMirror || to === MIRRED_TO.ingressMirror;
  const parameters = generic(
    28,
    isCopy ? VERDICT.pipe : VERDICT.stolen,
    TC_MIRRED.to.of(to),
    TC_MIRRED.ifindex.of(ifindex),
  );
  return action('mirred', MIRRED.parameters.of(raw('tc_mirred', parameters)));
}

/** Marks the packet as one for this host, so that a device into which it is sent accepts it. */
export function markForHost(): Buffer {
  const parameters = generic(20, VERDICT.pipe);
  return action(
    'skbedit',
    SKBEDIT.parameters.of(raw('tc_skbedit', parameters)),
    SKBEDIT.packetType.of(PACKET_TYPE.host),
  );
}

export function popVlan(): Buffer {
  const parameters = generic(24, VERDICT.pipe, TC_VLAN.operation.of(VLAN_OPERATION.pop));
  return action('vlan', VLAN.parameters.of(raw('tc_vlan', parameters)));
}

/** @param tpid 0x8100 or 0x88a8 */
export function pushVlan(id: number, tpid: number, priority: number): Buffer {
  const parameters = generic(24, VERDICT.pipe, TC_VLAN.operation.of(VLAN_OPERATION.push));
  return action(
    'vlan',
    VLAN.parameters.of(raw('tc_vlan', parameters)),
    VLAN.id.of(id),
    VLAN.protocol.of(tpid),
    VLAN.priority.of(priority),
  );
}

/** Computes checksums again, after headers were written. @param update `CSUM_UPDATE`, several */
export function checksums(update: number): Buffer {
  const parameters = generic(24, VERDICT.pipe, TC_CSUM.update.of(update));
  return action('csum', CSUM.parameters.of(raw('tc_csum', parameters)));
}

/** Writes bits of headers. */
export function writeHeaders(writes: readonly HeaderWrite[]): Buffer {
  const head = generic(PEDIT_SEL_BYTES, VERDICT.pipe, TC_PEDIT.keys.of(writes.length));
  const keys = writes.map(({ offset, value, mask }) =>
    encodeStruct(TC_PEDIT_KEY.bytes, [
      TC_PEDIT_KEY.mask.of(~mask.readInt32LE(0) >>> 0),
      TC_PEDIT_KEY.value.of(value.readUInt32LE(0)),
      TC_PEDIT_KEY.offset.of(offset),
    ]),
  );
  const extended = writes.map(({ header }) =>
    PEDIT_KEY.of(
      attributesOf(PEDIT_KEY_EX.header.of(header), PEDIT_KEY_EX.command.of(PEDIT_COMMAND.set)),
    ),
  );
  return action(
    'pedit',
    PEDIT.parameters.of(raw('tc_pedit_sel', Buffer.concat([head, ...keys]))),
    PEDIT.keys.of(attributesOf(...extended)),
  );
}

/** What a tunnel adds to a packet. */
export interface TunnelHeader {
  /** 4 bytes, or 16 for IPv6; both alike. */
  readonly source: Buffer;
  readonly destination: Buffer;
  readonly keyId: number;
  /** 0: that of the device. */
  readonly destinationPort: number;
  readonly ttl: number;
  /** 0 if left out. */
  readonly tos?: number;
  /** Whether the outer UDP header has a checksum; left out: it has. */
  readonly hasChecksum?: boolean;
  /** Sets the flag DF of the outer header (Linux 6.4); left out: it is not set. */
  readonly doNotFragment?: boolean;
  /** Options of Geneve, in their order; left out: none. */
  readonly options?: readonly GeneveOption[];
}

/** Gives the packet the metadata for a tunnel device, to which it is redirected next. */
export function setTunnel(tunnel: TunnelHeader): Buffer {
  const { options = [] } = tunnel;
  const parameters = generic(
    24,
    VERDICT.pipe,
    TC_TUNNEL_KEY.operation.of(TUNNEL_KEY_OPERATION.set),
  );
  const isIpv6 = tunnel.source.length === 16;
  return action(
    'tunnel_key',
    TUNNEL_KEY.parameters.of(raw('tc_tunnel_key', parameters)),
    (isIpv6 ? TUNNEL_KEY.ipv6Source : TUNNEL_KEY.ipv4Source).of(tunnel.source),
    (isIpv6 ? TUNNEL_KEY.ipv6Destination : TUNNEL_KEY.ipv4Destination).of(tunnel.destination),
    TUNNEL_KEY.keyId.of(tunnel.keyId),
    TUNNEL_KEY.destinationPort.of(tunnel.destinationPort),
    TUNNEL_KEY.ttl.of(tunnel.ttl),
    ...(tunnel.tos === undefined ? [] : [TUNNEL_KEY.tos.of(tunnel.tos)]),
    ...(tunnel.hasChecksum === false ? [TUNNEL_KEY.noChecksum.of(1)] : []),
    ...(tunnel.doNotFragment === true ? [TUNNEL_KEY_6_4.doNotFragment.of(true)] : []),
    ...(options.length === 0
      ? []
      : [TUNNEL_KEY.options.of(attributesOf(encodeGeneveOptions(options)))]),
  );
}

/** Takes the metadata of a tunnel away from the packet. */
export function releaseTunnel(): Buffer {
  const operation = TC_TUNNEL_KEY.operation.of(TUNNEL_KEY_OPERATION.release);
  const parameters = generic(24, VERDICT.pipe, operation);
  return action('tunnel_key', TUNNEL_KEY.parameters.of(raw('tc_tunnel_key', parameters)));
}

/** A tick of the kernel's packet scheduler, ns (`PSCHED_SHIFT` in include/net/pkt_sched.h). */
const TICK_NS = 64n;
const SECOND_NS = 1_000_000_000n;

/**
 * Judges packets by a rate in packets.
 *
 * @param burst packets that can pass at once; at least 1, or none ever conforms
 * @param conforming verdict for packets within the rate
 * @param exceeding verdict for the others
 */
export function policePackets(
  packetsPerSecond: bigint,
  burst: bigint,
  conforming: number,
  exceeding: number,
): Buffer {
  const parameters = encodeStruct(TC_POLICE.bytes, [TC_POLICE.action.of(exceeding)]);
  // The burst as the time in which it is saved up, rounded up.
  const ticks = (burst * SECOND_NS - 1n) / (packetsPerSecond * TICK_NS) + 1n;
  return action(
    'police',
    POLICE.parameters.of(raw('tc_police', parameters)),
    POLICE.packetRate64.of(packetsPerSecond),
    POLICE.packetBurst64.of(ticks),
    POLICE.result.of(conforming),
  );
}
