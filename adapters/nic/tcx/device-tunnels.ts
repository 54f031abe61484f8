import type { TunnelMatch } from '../../../engine/model/match.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { type TunnelKind, tunnelName } from '../../../engine/model/tunnel.ts';
import type { PushedTunnel } from '../core/action-codec.ts';
import { isLinuxSince } from '../core/linux-release.ts';
import type { ServedPort } from '../core/served-port.ts';
import { hasCriticalOption } from '../core/tunnel-head.ts';

/** First Linux that gives programs the local address and the flags of a packet's tunnel. */
const SINCE = [6, 1] as const;
const TOO_OLD = `programs see only a part of its outer headers before Linux ${SINCE.join('.')}`;

/** Names of the devices that tunnels of Open vSwitch share, with their UDP port. */
const DEVICE = /^(?<kind>genev|vxlan)_sys_(?<port>\d+)$/;
const KINDS: ReadonlyMap<string, TunnelKind> = new Map([
  ['genev', 'geneve'],
  ['vxlan', 'vxlan'],
]);

type Port = Pick<ServedPort, 'name'>;

/** Why a program on a tunnel's device cannot match packets of this tunnel, or undefined. */
export function arrivalRefusal(
  tunnel: TunnelMatch,
  { name }: Port,
  isKnown = isLinuxSince(...SINCE),
): Refusal | undefined {
  const port = tunnel.fields.find(({ field }) => field === 'udp_dst');
  const number = port === undefined ? 0 : port.value[0] * 256 + port.value[1];
  const problem = !isKnown
    ? TOO_OLD
    : tunnel.fields.some(({ field }) => field.startsWith('eth_s') || field === 'eth_dst')
      ? `${name} gives no outer MAC addresses`
      : deviceProblem(name, tunnel.kind, number);
  if (problem === undefined) return undefined;
  return { code: 'unsupported-match', detail: `${tunnelName(tunnel)}: ${problem}` };
}

/** Why a program cannot make the device put packets into this tunnel, or undefined. */
export function tunnelRefusal(
  { header, tag }: PushedTunnel,
  _: Port,
  { name }: Port,
  isKnown = isLinuxSince(...SINCE),
): Refusal | undefined {
  const isRouted = header.ethernet === undefined && header.srcPort === undefined;
  const problem = !isKnown
    ? TOO_OLD
    : !isRouted || tag !== undefined
      ? `${name} chooses the outer MAC addresses and the UDP source port itself`
      : hasCriticalOption(header.options)
        ? 'the kernel does not mark options of programs as critical in the header'
        : deviceProblem(name, header.kind, header.dstPort);
  if (problem === undefined) return undefined;
  return { code: 'unsupported-action', detail: `${tunnelName(header)}: ${problem}` };
}

function deviceProblem(name: string, kind: TunnelKind, port: number): string | undefined {
  const { kind: short = '', port: own = '' } = DEVICE.exec(name)?.groups ?? {};
  if (KINDS.get(short) !== kind) return `${name} is no device of such tunnels`;
  return Number(own) === port ? undefined : `${name} has another UDP port than ${port}`;
}
