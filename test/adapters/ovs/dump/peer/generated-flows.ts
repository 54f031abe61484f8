import { Seeded } from '../../../../support/seeded.ts';
import { PORTS } from './dummy-ovs.ts';
import { generatedActions } from './generated-actions.ts';
import { generatedKey } from './generated-keys.ts';
import { ipv4 } from './generated-values.ts';

/** A flow as `dpctl/add-flow` takes it. */
export interface GeneratedFlow {
  readonly ufid: string;
  readonly key: string;
  readonly actions: string;
}

/** A flow of which each packet is known, so that the datapath can be given some. */
export interface BusyFlow extends GeneratedFlow {
  readonly inPort: number;
  readonly packets: number;
  readonly bytesPerPacket: number;
}

/** The last four of {@link PORTS} are left to busy flows, so that no other flow has their packets. */
const BUSY_PORTS = 4;
const NAMED_PORTS = PORTS.slice(0, -BUSY_PORTS).map((_, i) => i + 1);
/** Ports that are not there are shown by number; each flow has one of its own. */
const FIRST_UNKNOWN_PORT = 1000;

/**
 * Any flows. Every fourth comes in by a port that has a name; every third has a key that is written
 * like the one before it, as most keys of a node are.
 */
export function generatedFlows(seed: number, count: number): readonly GeneratedFlow[] {
  const random = new Seeded(seed);
  let key = '';
  return Array.from({ length: count }, (_, n) => {
    const inPort = n % 4 === 0 ? random.pick(NAMED_PORTS) : FIRST_UNKNOWN_PORT + n;
    const isAlike = n % 3 === 2 && inPort >= FIRST_UNKNOWN_PORT;
    key = isAlike ? alike(random, key, inPort) : generatedKey(random, inPort);
    return { ufid: ufidOf(random, n), key, actions: generatedActions(random, NAMED_PORTS) };
  });
}

/** The key with another port to come in by, and other ports of TCP, UDP and SCTP. */
function alike(random: Seeded, key: string, inPort: number): string {
  return key
    .replace(/in_port\(\d+\)/, `in_port(${inPort})`)
    .replaceAll(/(src|dst)=\d+(?=[,)])/g, (_, name: string) => `${name}=${random.below(65_536)}`);
}

/** Flows of TCP and UDP that get packets. */
export function busyFlows(seed: number, count: number): readonly BusyFlow[] {
  const random = new Seeded(seed);
  return Array.from({ length: count }, (_, n) => {
    const inPort = PORTS.length - (n % BUSY_PORTS);
    const tcp = random.chance(0.5);
    const layer4 = `(src=${random.between(1024, 65_535)},dst=${n + 1})`;
    const key = [
      `in_port(${inPort})`,
      'eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02)',
      'eth_type(0x0800)',
      `ipv4(src=${ipv4(random)},dst=${ipv4(random)},proto=${tcp ? 6 : 17},tos=0,ttl=64,frag=no)`,
      tcp ? `tcp${layer4},tcp_flags(ack)` : `udp${layer4}`,
    ];
    return {
      ufid: ufidOf(random, 0x10_0000 + n),
      key: key.join(','),
      actions: random.pick([
        '1',
        'drop',
        'set(eth(dst=02:00:00:00:00:09)),2',
        'push_vlan(vid=5,pcp=0),3',
      ]),
      inPort,
      packets: random.between(1, 9),
      bytesPerPacket: random.between(64, 1500),
    };
  });
}

/** No two flows have the same; `n` is in the last digits, for reading. */
function ufidOf(random: Seeded, n: number): string {
  const hex = (digits: number): string => Buffer.from(random.bytes(digits / 2)).toString('hex');
  return `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(4)}${n.toString(16).padStart(8, '0')}`;
}
