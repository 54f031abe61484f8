import type { FlowSpec } from '../../../../../../engine/model/flow.ts';
import { ethernet, ipv4, udp } from '../../../../../../lab/testbed/frames.ts';
import { flowId } from '../../../../../support/flows.ts';
import { exactly, matchOn } from '../../../../../support/match-fields.ts';

/** Bytes of a frame, with its Ethernet header. */
export const FRAME_BYTES = 100;
const FROM = Buffer.from([10, 0, 0, 1]);
const TO = Buffer.from([10, 0, 0, 2]);

/** The n-th flow, from the input port. */
export function contractFlow(inPort: string, n: number, output: string): FlowSpec {
  return {
    id: flowId(n),
    match: matchOn(
      inPort,
      exactly('eth_type', 0x0800),
      exactly('ip_proto', 17),
      exactly('ip_frag', 0),
      exactly('udp_dst', 1000 + n),
    ),
    actions: [{ kind: 'output', port: output }],
  };
}

/** A frame of the n-th flow. */
export function contractFrame(n: number): Buffer {
  const ip = { src: FROM, dst: TO, protocol: 17, ttl: 64, tos: 0 };
  const payload = ipv4(ip, 1, udp(ip, 5000, 1000 + n, Buffer.alloc(FRAME_BYTES - 42)));
  const src = '02:00:00:00:01:01';
  return ethernet({ src, dst: '02:00:00:00:01:02', etherType: 0x0800, payload });
}
