import { AttributeIndex } from './attribute-index.ts';
import type { PortName } from './key-reader.ts';
import { hex } from './masked-text.ts';

/** `OVS_USERSPACE_ATTR_*`. */
const USERSPACE = { pid: 1, userdata: 2, tunnelPort: 3, actions: 4 } as const;
const MAX_USERSPACE = 4;

/** `struct user_action_cookie` (lib/odp-util.h): type, ofproto, then what the type needs. */
const COOKIE_BYTES = 48;
const COOKIE = { sFlow: 1, slowPath: 2, flowSample: 3, ipfix: 4, controller: 5 } as const;
/** Where the part that the type needs begins. */
const DETAILS_AT = 24;

/** `SLOW_PATH_REASONS`, by bit. */
const SLOW_PATH = ['cfm', 'bfd', 'lacp', 'stp', 'lldp', 'action', 'match'];

const DIRECTIONS = ['', ',ingress', ',egress'];

/** The text of a `userspace` action (format_odp_userspace_action in lib/odp-util.c). */
export function userspaceText(bytes: Buffer, portName: PortName): string | undefined {
  const index = new AttributeIndex(MAX_USERSPACE);
  if (!index.read(bytes, 0, bytes.length)) return undefined;
  const pid = index.value(USERSPACE.pid);
  if (pid?.length !== 4) return undefined;
  const userdata = index.value(USERSPACE.userdata);
  const port = index.value(USERSPACE.tunnelPort);
  return `userspace(${[
    `pid=${pid.readUInt32LE(0)}`,
    userdata === undefined ? undefined : userdataText(userdata, portName),
    index.has(USERSPACE.actions) ? 'actions' : undefined,
    port?.length === 4 ? `tunnel_out_port=${portName(port.readUInt32LE(0))}` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(',')})`;
}

function userdataText(userdata: Buffer, portName: PortName): string {
  const cookie = userdata.length === COOKIE_BYTES ? cookieText(userdata, portName) : undefined;
  return cookie ?? `userdata(${userdata.toString('hex')})`;
}

/** The cookies of ovs-vswitchd; undefined for an unknown type. */
function cookieText(cookie: Buffer, portName: PortName): string | undefined {
  const type = cookie.readUInt16LE(0);
  const details = cookie.subarray(DETAILS_AT);
  switch (type) {
    case COOKIE.sFlow: {
      const tci = details.readUInt16BE(0);
      return `sFlow(vid=${tci & 0xfff},pcp=${tci >>> 13},output=${details.readUInt32LE(4)})`;
    }
    case COOKIE.slowPath:
      return `slow_path(${slowPathText(details.readUInt32LE(4))})`;
    case COOKIE.flowSample: {
      const port = portName(details.readUInt32LE(16));
      return (
        `flow_sample(probability=${details.readUInt16LE(0)}` +
        `,collector_set_id=${details.readUInt32LE(4)}` +
        `,obs_domain_id=${details.readUInt32LE(8)}` +
        `,obs_point_id=${details.readUInt32LE(12)}` +
        `,output_port=${port}${DIRECTIONS[details.readUInt32LE(20)] ?? ''})`
      );
    }
    case COOKIE.ipfix:
      return `ipfix(output_port=${portName(details.readUInt32LE(0))})`;
    case COOKIE.controller:
      return (
        `controller(reason=${details.readUInt16LE(2)}` +
        `,dont_send=${details[0] === 0 ? 0 : 1}` +
        `,continuation=${details[1] === 0 ? 0 : 1}` +
        `,recirc_id=${details.readUInt32LE(4)}` +
        `,rule_cookie=${hex(details.readBigUInt64BE(8))}` +
        `,controller_id=${details.readUInt16LE(16)}` +
        `,max_len=${details.readUInt16LE(18)})`
      );
    default:
      return undefined;
  }
}

function slowPathText(reasons: number): string {
  if (reasons === 0) return '0';
  const known = SLOW_PATH.filter((_, bit) => (reasons & (1 << bit)) !== 0);
  const rest = reasons & ~((1 << SLOW_PATH.length) - 1);
  return [...known, ...(rest === 0 ? [] : [hex(rest >>> 0)])].join(',');
}
