import { rmSync } from 'node:fs';
import type { Libbpf } from '../core/libbpf.ts';

/** A map that only XDP programs use. */
export interface XdpMap {
  /** Its symbol in the BPF object, and its file in the pin directory. */
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/**
 * Opens the pinned map of an earlier daemon if it is valid, otherwise creates and pins one. The caller closes
 * the descriptor.
 */
export function pinnedMap(libbpf: Libbpf, path: string, map: XdpMap, adopt: boolean): number {
  const pinned = adopt ? open(libbpf, path, map) : undefined;
  if (pinned !== undefined) return pinned;
  rmSync(path, { force: true });
  const { type, name, keySize, valueSize, maxEntries } = map;
  const fd = libbpf.createMap(type, name, keySize, valueSize, maxEntries);
  libbpf.pin(fd, path);
  return fd;
}

/** Undefined if nothing is pinned there, or a map of another layout or size. */
function open(libbpf: Libbpf, path: string, wanted: XdpMap): number | undefined {
  const fd = libbpf.pinned(path);
  if (fd === undefined) return undefined;
  const { type, keySize, valueSize, maxEntries } = libbpf.mapInfo(fd);
  const isSame =
    type === wanted.type &&
    keySize === wanted.keySize &&
    valueSize === wanted.valueSize &&
    maxEntries === wanted.maxEntries;
  if (isSame) return fd;
  libbpf.close(fd);
  return undefined;
}
