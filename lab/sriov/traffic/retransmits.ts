import { ProcessTrouble } from '../../testbed/managed-process.ts';
import type { Namespace } from '../../testbed/namespace.ts';

/** Segments that TCP in these namespaces has sent again. */
export async function retransmits(...namespaces: readonly Namespace[]): Promise<number> {
  let sum = 0;
  for (const namespace of namespaces) {
    sum += retransmitsIn(await namespace.exec('cat', ['/proc/net/snmp']));
  }
  return sum;
}

/** `RetransSegs` in the text of /proc/net/snmp. @throws {ProcessTrouble} */
export function retransmitsIn(snmp: string): number {
  const [names, values] = snmp
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  const sum = Number(values?.[names.indexOf('RetransSegs')] ?? Number.NaN);
  if (Number.isNaN(sum)) throw new ProcessTrouble(`no RetransSegs in ${snmp}`);
  return sum;
}
