import type { Action } from '../../../../protocols/openflow/codec/action.ts';
import type { FlowMod } from '../../../../protocols/openflow/codec/flow-mod.ts';
import { FlowCommand, Port } from '../../../../protocols/openflow/codec/ids.ts';
import type { Instructions } from '../../../../protocols/openflow/codec/instruction.ts';
import { type Match, Wildcard10 } from '../../../../protocols/openflow/codec/match.ts';

/** A packet as its headers, by the names of OpenFlow 1.3; numbers of up to 53 bits. */
export type ModelPacket = Readonly<Record<string, number>>;

/** A rule of the model. */
export interface ModelRule {
  priority: number;
  cookie: bigint;
  match: Match;
  instructions: Instructions;
  hardTimeout: number;
  /** ms of performance.now(). */
  setAtMs: number;
  packets: number;
  bytes: number;
}

/** Rules of one table, and what they do to packets: written from the specification's words alone. */
export class ModelRules {
  rules: ModelRule[] = [];

  /** Takes out what has timed out. */
  expire(): void {
    const nowMs = performance.now();
    this.rules = this.rules.filter(
      (r) => r.hardTimeout === 0 || nowMs - r.setAtMs < r.hardTimeout * 1000,
    );
  }

  /** Does what a flow-mod says. @param version wire version: 1.0's add clears counters */
  apply(mod: FlowMod, version: number): void {
    this.expire();
    const same = (r: ModelRule): boolean =>
      r.priority === mod.priority && text(r.match) === text(mod.match);
    switch (mod.command) {
      case FlowCommand.add:
        return this.#add(mod, this.rules.find(same), version);
      case FlowCommand.modifyStrict: {
        const old = this.rules.find(same);
        if (old === undefined) return this.#add(mod, undefined, version);
        old.instructions = mod.instructions;
        old.setAtMs = performance.now();
        return;
      }
      case FlowCommand.deleteStrict:
        this.rules = this.rules.filter((r) => !(same(r) && this.#cookie(r, mod)));
        return;
      case FlowCommand.delete:
        if (text(mod.match) !== text({ kind: 'oxm', fields: [] })) {
          throw new Error('the model deletes by cookie or strictly');
        }
        this.rules = this.rules.filter((r) => !this.#cookie(r, mod));
        return;
      default:
        throw new Error(`the model has no command ${mod.command}`);
    }
  }

  /** Sends packets through the table: the port they come out of; undefined when they are dropped. */
  send(packet: ModelPacket, count: number, bytes: number): number | undefined {
    this.expire();
    const hit = this.rules
      .filter((r) => matches(r.match, packet))
      .sort((a, b) => b.priority - a.priority)
      .at(0);
    if (hit === undefined) return undefined;
    hit.packets += count;
    hit.bytes += count * bytes;
    const port = outputs(hit.instructions).at(0);
    return port === Port.inPort ? packet.in_port : port;
  }

  #add(mod: FlowMod, old: ModelRule | undefined, version: number): void {
    const { priority, cookie, match, instructions, hardTimeout } = mod;
    const keep = old !== undefined && version !== 1;
    this.rules = this.rules.filter((r) => r !== old);
    this.rules.push({
      priority,
      cookie,
      match,
      instructions,
      hardTimeout,
      setAtMs: performance.now(),
      packets: keep ? old.packets : 0,
      bytes: keep ? old.bytes : 0,
    });
  }

  #cookie(rule: ModelRule, { cookie, cookieMask }: FlowMod): boolean {
    return (rule.cookie & cookieMask) === (cookie & cookieMask);
  }
}

/** True when a rule with this match takes the packet. */
export function matches(match: Match, packet: ModelPacket): boolean {
  if (match.kind === 'unknown') return false;
  if (match.kind === 'of10') return matches10(match, packet);
  return match.fields.every((field) => {
    if (field.kind === 'unknown') return false;
    const [name, value] = [NXM[field.name] ?? field.name, packet[NXM[field.name] ?? field.name]];
    if (name === 'nxm_of_vlan_tci') {
      const vid = packet.vlan_vid ?? 0;
      const tci = vid === 0 ? 0 : vid | ((packet.vlan_pcp ?? 0) << 13);
      return masked(tci, field.mask) === number(field.value);
    }
    if (name === 'nxm_of_ip_tos') return (packet.ip_dscp ?? -1) << 2 === number(field.value);
    if (name === 'vlan_vid') return masked(value ?? 0, field.mask) === number(field.value);
    return value !== undefined && masked(value, field.mask) === number(field.value);
  });
}

/** Nicira's fields under the specification's names, where they mean the same. */
const NXM: Readonly<Partial<Record<string, string>>> = {
  nxm_of_in_port: 'in_port',
  nxm_of_eth_src: 'eth_src',
  nxm_of_eth_dst: 'eth_dst',
  nxm_of_eth_type: 'eth_type',
  nxm_of_ip_proto: 'ip_proto',
  nxm_nx_ip_ecn: 'ip_ecn',
  nxm_of_ip_src: 'ipv4_src',
  nxm_of_ip_dst: 'ipv4_dst',
  nxm_of_tcp_src: 'tcp_src',
  nxm_of_tcp_dst: 'tcp_dst',
  nxm_of_udp_src: 'udp_src',
  nxm_of_udp_dst: 'udp_dst',
};

function matches10(m: Extract<Match, { kind: 'of10' }>, packet: ModelPacket): boolean {
  const ignored = (bit: number): boolean => (m.wildcards & bit) !== 0;
  const is = (bit: number, value: number, name: string): boolean =>
    ignored(bit) || packet[name] === value;
  const prefix = (shift: number, value: number, name: string): boolean => {
    const low = Math.min(32, (m.wildcards >>> shift) & 63);
    const unit = 2 ** low;
    const had = packet[name];
    return low === 32 || (had !== undefined && Math.floor(had / unit) === Math.floor(value / unit));
  };
  const vid = packet.vlan_vid ?? 0;
  const [src, dst] = packet.ip_proto === 6 ? ['tcp_src', 'tcp_dst'] : ['udp_src', 'udp_dst'];
  return (
    is(Wildcard10.inPort, m.inPort, 'in_port') &&
    is(Wildcard10.ethSrc, number(m.ethSrc), 'eth_src') &&
    is(Wildcard10.ethDst, number(m.ethDst), 'eth_dst') &&
    (ignored(Wildcard10.vlanVid) || (vid === 0 ? 0xffff : vid & 0xfff) === m.vlanVid) &&
    (ignored(Wildcard10.vlanPcp) || vid === 0 || packet.vlan_pcp === m.vlanPcp) &&
    is(Wildcard10.ethType, m.ethType, 'eth_type') &&
    (ignored(Wildcard10.ipTos) || (packet.ip_dscp ?? -1) << 2 === m.ipTos) &&
    is(Wildcard10.ipProto, m.ipProto, 'ip_proto') &&
    prefix(Wildcard10.ipSrcShift, m.ipSrc, 'ipv4_src') &&
    prefix(Wildcard10.ipDstShift, m.ipDst, 'ipv4_dst') &&
    is(Wildcard10.tpSrc, m.tpSrc, src) &&
    is(Wildcard10.tpDst, m.tpDst, dst)
  );
}

function outputs(instructions: Instructions): readonly number[] {
  const actions: readonly Action[] = instructions.flatMap((one) =>
    one.kind === 'apply-actions' ? one.actions : [],
  );
  return actions.flatMap((action) => (action.kind === 'output' ? [action.port] : []));
}

function masked(value: number, mask: Uint8Array | undefined): number {
  if (mask === undefined) return value;
  return Number(BigInt(value) & BigInt(number(mask)));
}

/** Bytes in network order as a number. */
export function number(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** A match as text: two with the same text are the same. */
function text(match: Match): string {
  return JSON.stringify(match, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );
}
