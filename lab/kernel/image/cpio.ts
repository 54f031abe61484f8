/** A file or folder of an archive. */
export interface ArchiveEntry {
  /** Path without a leading slash; its folder comes before it. */
  readonly path: string;
  /** Content; undefined: it is a folder. */
  readonly bytes?: Uint8Array;
  readonly executable?: boolean;
}

const FOLDER = 0o040755;
const FILE = 0o100644;
const EXECUTABLE = 0o100755;
const TRAILER = 'TRAILER!!!';

/**
 * An archive in cpio's `newc` format, which the kernel unpacks as its first root file system
 * (kernel, Documentation/driver-api/early-userspace/buffer-format.rst).
 */
export function cpioArchive(entries: readonly ArchiveEntry[]): Buffer {
  const parts = entries.flatMap((entry, at) => {
    const mode = entry.bytes === undefined ? FOLDER : entry.executable === true ? EXECUTABLE : FILE;
    return record(entry.path, at + 1, mode, entry.bytes ?? new Uint8Array());
  });
  return Buffer.concat([...parts, ...record(TRAILER, 0, 0, new Uint8Array())]);
}

function record(path: string, inode: number, mode: number, bytes: Uint8Array): readonly Buffer[] {
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, mtime, size, device (2), device of a device node (2), name, check
  const fields = [inode, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
  const hex = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  const header = Buffer.concat([Buffer.from(`070701${hex}`), name]);
  return [padded(header), padded(Buffer.from(bytes))];
}

/** Fills up to a multiple of four bytes. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
