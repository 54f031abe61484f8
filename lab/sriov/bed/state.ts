import { errorMessage } from '../../../text/error-message.ts';
import { run } from '../../testbed/run.ts';
import { type SriovBed, VF_DEVICE } from './bed.ts';

/** Devices, rules and flows of the bed, for a failed experiment. */
export async function stateOf({ uplink, vm, peer, node, daemon }: SriovBed): Promise<string> {
  const whyOf = async (id: string): Promise<unknown> => {
    const answer = await daemon.control.why(id);
    if (!answer.found) return answer;
    const { flow, refusal, rules } = answer.why;
    return { flow, refusal, rules: rules.map(({ name, verdict }) => ({ name, verdict })) };
  };
  const looks: readonly (readonly [string, () => Promise<string>])[] = [
    ['the physical function', () => run('ip', ['-s', 'link', 'show', uplink])],
    ['what it receives', () => run('bridge', ['fdb', 'show', 'dev', uplink])],
    ['the VM', () => vm.namespace.exec('ip', ['-s', 'link'])],
    ['sent by the VM', () => vm.namespace.exec('tc', ['filter', 'show', 'dev', 'eth0', 'egress'])],
    [
      'received by the VF',
      () => vm.namespace.exec('tc', ['filter', 'show', 'dev', VF_DEVICE, 'ingress']),
    ],
    ['the peer', () => peer.namespace.exec('ip', ['-s', 'link'])],
    ['flows', async () => (await node.ovs.dumpFlows()).join('\n')],
    [
      'the daemon',
      async () => {
        const { backends, guests } = await daemon.control.status();
        const flows = await daemon.flows();
        return JSON.stringify([backends, guests, await Promise.all(flows.map((f) => whyOf(f.id)))]);
      },
    ],
    ['its log', async () => daemon.process.tail()],
  ];
  const parts: string[] = [];
  for (const [what, look] of looks) {
    parts.push(`${what}:\n${await look().catch((error: unknown) => errorMessage(error))}`);
  }
  return parts.join('\n');
}
