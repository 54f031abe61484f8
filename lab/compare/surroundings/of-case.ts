import type { Bed } from '../bed/bed.ts';
import type { CaseParameters, SurroundingsName } from '../cases/parameters.ts';
import { exporting } from './exports.ts';
import { nftDrop, nothing, tcDrop } from './filters.ts';
import type { Surroundings } from './surroundings.ts';
import { mirroring, policing, shaping } from './vswitch.ts';

/** The surroundings of a case: on the port by which its packets enter or leave. */
export function surroundingsOf(bed: Bed, { surroundings, hook }: CaseParameters): Surroundings {
  const { ovs } = bed.node;
  const port = (hook === 'ingress' ? bed.sender : bed.receiver).vm.name;
  const makers: Readonly<Record<SurroundingsName, () => Surroundings>> = {
    none: nothing,
    'tc-drop': () => tcDrop(ovs.host, port, hook),
    'nft-drop': () => nftDrop(ovs.host, port, hook),
    qos: () => shaping(ovs, bed.receiver.vm.name),
    policing: () => policing(ovs, bed.sender.vm.name),
    mirror: () => mirroring(ovs, { port, hook }, bed.mirror),
    sflow: () => exporting(ovs, bed.host, 'sflow'),
    netflow: () => exporting(ovs, bed.host, 'netflow'),
    ipfix: () => exporting(ovs, bed.host, 'ipfix'),
  };
  return makers[surroundings]();
}
