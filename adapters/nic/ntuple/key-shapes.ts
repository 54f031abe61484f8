import { constants } from 'node:os';
import type { FlowKind, ReceiveKey } from '../../../protocols/ethtool/receive-filter.ts';
import type { FilterDevice } from './keeper/filter-device.ts';
import { FilterLocations } from './keeper/filter-locations.ts';

const { EBUSY, ENOSPC } = constants.errno;

/** Kinds of flows that filters of NICs distinguish by addresses and ports. */
const KINDS = ['tcp4', 'udp4', 'sctp4', 'tcp6', 'udp6', 'sctp6'] as const satisfies FlowKind[];

/** Which fields a key has: both ends (`full`) or the local end alone (`wild`). */
export type KeyShape = `${(typeof KINDS)[number]} ${'full' | 'wild'}`;

/** Addresses of documentation, which no packet has (RFC 5737, RFC 3849). */
const DOCUMENTATION = {
  4: { source: 'c0000201', destination: 'c0000202' },
  6: { source: `20010db8${'0'.repeat(23)}1`, destination: `20010db8${'0'.repeat(23)}2` },
} as const;

/** The shape of a key; undefined if it has other fields. */
export function shapeOf(key: ReceiveKey): KeyShape | undefined {
  const kind = KINDS.find((name) => name === key.kind);
  const { source, destination, sourcePort, destinationPort } = key;
  if (kind === undefined || destination === undefined || destinationPort === undefined) {
    return undefined;
  }
  if (source !== undefined && sourcePort !== undefined) return `${kind} full`;
  return source === undefined && sourcePort === undefined ? `${kind} wild` : undefined;
}

/**
 * The keys that a device accepts: tries a filter of each shape, for addresses of documentation and
 * to the queue of the device itself, and deletes it.
 *
 * A full table tells nothing: a shape that is refused for lack of room counts as accepted, and so do all
 * where no place is free.
 */
export async function discoverShapes(device: FilterDevice): Promise<ReadonlySet<KeyShape>> {
  const shapes = new Set<KeyShape>();
  const table = await device.info();
  const used = table.choosesLocations ? [] : await device.list();
  const places = new FilterLocations(
    table,
    used.map(({ location }) => location),
  );
  const chosen = table.choosesLocations ? undefined : places.take();
  const isFull = !table.choosesLocations && chosen === undefined;
  for (const kind of KINDS) {
    for (const extent of ['full', 'wild'] as const) {
      const filter = { key: probe(kind, extent), target: { queue: 0 } };
      const answer = isFull ? { errno: ENOSPC } : await device.insert(filter, chosen);
      if ('location' in answer) await device.delete(answer.location);
      if ('location' in answer || answer.errno === EBUSY || answer.errno === ENOSPC) {
        shapes.add(`${kind} ${extent}`);
      }
    }
  }
  return shapes;
}

function probe(kind: (typeof KINDS)[number], extent: 'full' | 'wild'): ReceiveKey {
  const { source, destination } = DOCUMENTATION[kind.endsWith('4') ? 4 : 6];
  const local = { kind, destination, destinationPort: 9 };
  return extent === 'full' ? { ...local, source, sourcePort: 9 } : local;
}
