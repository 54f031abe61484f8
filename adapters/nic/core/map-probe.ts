import { SystemCallFailed } from './errors.ts';
import type { Libbpf } from './libbpf.ts';
import { ARRAY, ARRAY_OF_MAPS, createMaskSetMap, DEVMAP_HASH, HASH, PERCPU_ARRAY } from './maps.ts';

/** The types of the maps that programs and user space share. */
const TYPES = [
  ['array', ARRAY],
  ['hash', HASH],
  ['per-CPU array', PERCPU_ARRAY],
  ['device map', DEVMAP_HASH],
  ['array of maps', ARRAY_OF_MAPS],
] as const;

/** Bytes of a key and of a value. */
const KEY_BYTES = 4;

/**
 * Creates a map of each needed type, with one element, and closes it. Resolves to the types that the
 * kernel refuses, each with its error.
 *
 * @throws {SystemCallFailed} when the process may not create maps
 */
export function probeMaps(libbpf: Libbpf): readonly string[] {
  const template = createMaskSetMap(libbpf);
  try {
    return TYPES.flatMap(([name, type]) => {
      const inner = type === ARRAY_OF_MAPS ? template : -1;
      try {
        libbpf.close(libbpf.createMap(type, 'norikae_probe', KEY_BYTES, KEY_BYTES, 1, inner));
        return [];
      } catch (error) {
        if (!(error instanceof SystemCallFailed)) throw error;
        return [`${name} (${error.code})`];
      }
    });
  } finally {
    libbpf.close(template);
  }
}
