import { open } from 'node:fs/promises';

/**
 * Options of a dump of a synthetic node's flows, in the exact format of `dpctl/dump-flows -m
 * --names`.
 */
export interface DumpOptions {
  readonly flows: number;
  readonly seed: number;
  /** Number of the dump of the same flows; counters grow from one to the next. */
  readonly look: number;
}

/** mulberry32: a small pseudo-random number generator with a seed. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hex(value: number, digits: number): string {
  return (value >>> 0).toString(16).padStart(digits, '0');
}

function macOf(vm: number): string {
  return `52:54:00:${hex(vm >> 16, 2)}:${hex((vm >> 8) & 0xff, 2)}:${hex(vm & 0xff, 2)}`;
}

function ipOf(vm: number): string {
  return `10.${20 + (vm >> 8)}.${vm & 0xff}.2`;
}

const METADATA =
  'skb_priority(0/0),skb_mark(0/0),ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),' +
  'recirc_id(0),dp_hash(0/0)';

const VMS = 64;

/**
 * Lines of a dump: 64 VMs that communicate with each other and an uplink, 80 % TCP and the rest
 * UDP, a tenth IPv6, a tenth VLAN-tagged, five-tuple megaflows as OVS creates them when a rule
 * matches ports. The same seed gives the same flows, whatever `look` is.
 */
export function* dumpLines({ flows, seed, look }: DumpOptions): Generator<string> {
  const random = randomOf(seed);
  const pick = (n: number): number => Math.floor(random() * n);
  yield 'flow-dump from the main thread:';
  for (let i = 0; i < flows; i++) {
    const ufid = [8, 4, 4, 4].map((d) => hex(pick(16 ** d), d)).join('-');
    const from = pick(VMS);
    const to = (from + 1 + pick(VMS - 1)) % VMS;
    const outside = random() < 0.3;
    const v6 = random() < 0.1;
    const tagged = random() < 0.1;
    const proto = random() < 0.8 ? 6 : 17;
    const l4 = `${proto === 6 ? 'tcp' : 'udp'}(src=${1024 + pick(64512)},dst=${pick(2) === 0 ? 443 : 1 + pick(9999)})`;
    const l3 = v6
      ? `eth_type(0x86dd),ipv6(src=fd00:${hex(from, 1)}::${hex(1 + pick(65535), 1)},dst=fd00:${hex(to, 1)}::2,label=0/0,proto=${proto},tclass=0/0,hlimit=64/0,frag=no)`
      : `eth_type(0x0800),ipv4(src=${ipOf(from)},dst=${ipOf(to)},proto=${proto},tos=0/0,ttl=64/0,frag=no)`;
    const flags = proto === 6 ? ',tcp_flags(0/0)' : '';
    const inner = `${l3},${l4}${flags}`;
    const payload = tagged
      ? `eth_type(0x8100),vlan(vid=${100 + from},pcp=0),encap(${inner})`
      : inner;
    const packetsAt0 = pick(1_000_000);
    const packets = packetsAt0 + look * pick(1000);
    const size = 64 + pick(1400);
    const tcpFlags = proto === 6 ? ', flags:SP.' : '';
    const rewrite = outside
      ? `set(eth(src=${macOf(from)},dst=02:00:00:00:00:01)),set(ipv4(ttl=63)),`
      : '';
    const output = outside ? 'uplink0' : `vnet${to}`;
    const actions = `${tagged ? 'pop_vlan,' : ''}${rewrite}${output}`;
    yield `ufid:${ufid}-${hex(pick(2 ** 16), 4)}${hex(pick(2 ** 32), 8)}, ${METADATA},` +
      `in_port(vnet${from}),packet_type(ns=0,id=0),` +
      `eth(src=${macOf(from)},dst=${outside ? '02:00:00:00:00:01' : macOf(to)}),${payload}, ` +
      `packets:${packets}, bytes:${packets * size}, used:${(pick(10_000) / 1000).toFixed(3)}s` +
      `${tcpFlags}, dp:ovs, actions:${actions}, dp-extra-info:miniflow_bits(5,1)`;
  }
}

/** The same as the content of the JSON string in vswitchd's reply. */
export function escapedDump(options: DumpOptions): Buffer {
  const parts: Buffer[] = [];
  for (const line of dumpLines(options)) parts.push(Buffer.from(`${line}\\n`, 'latin1'));
  return Buffer.concat(parts);
}

/** Lines of a dump that are written at a time. */
const LINES_AT_A_TIME = 10_000;

/** Writes the same to a file, without having all of it in memory. */
export async function writeEscapedDump(file: string, options: DumpOptions): Promise<void> {
  const handle = await open(file, 'w');
  try {
    let lines: string[] = [];
    for (const line of dumpLines(options)) {
      lines.push(`${line}\\n`);
      if (lines.length < LINES_AT_A_TIME) continue;
      await handle.write(lines.join(''), undefined, 'latin1');
      lines = [];
    }
    await handle.write(lines.join(''), undefined, 'latin1');
  } finally {
    await handle.close();
  }
}
