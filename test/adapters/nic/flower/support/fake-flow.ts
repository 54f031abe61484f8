import type { FlowSpec } from '../../../../../engine/model/flow.ts';
import { flowId } from '../../../../support/flows.ts';
import { exactly, matchOn } from '../../../../support/match-fields.ts';

/** The n-th flow that enters by the port `in`. */
export function fakeFlow(n: number, output: string): FlowSpec {
  return {
    id: flowId(n),
    match: matchOn(
      'in',
      exactly('eth_type', 0x0800),
      exactly('ip_proto', 17),
      exactly('ip_frag', 0),
      exactly('udp_dst', 1000 + n),
    ),
    actions: [{ kind: 'output', port: output }],
  };
}
