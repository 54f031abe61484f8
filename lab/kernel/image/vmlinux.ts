/** A compressed kernel (bzImage) that is not as the boot protocol says, or compressed unexpectedly. */
export class BadKernelImage extends Error {
  override readonly name = 'BadKernelImage';
}

/** The compressed vmlinux of a bzImage. */
export interface CompressedKernel {
  readonly bytes: Buffer;
  /** Program that decompresses it with `-d`. */
  readonly program: 'xz' | 'gzip' | 'zstd';
  /** Suffix of the program's files. */
  readonly suffix: '.xz' | '.gz' | '.zst';
}

const FORMATS = [
  { magic: 'fd377a585a00', program: 'xz', suffix: '.xz' },
  { magic: '1f8b', program: 'gzip', suffix: '.gz' },
  { magic: '28b52ffd', program: 'zstd', suffix: '.zst' },
] as const;

/** Offsets of the setup header; kernel, Documentation/arch/x86/boot.rst. */
const SETUP_SECTORS = 0x1f1;
const SIGNATURE = 0x202;
const VERSION = 0x206;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const SECTOR_BYTES = 512;
const FIRST_WITH_PAYLOAD = 0x0208;
/** Kernel, scripts/Makefile.lib: the size of the vmlinux follows the compressed bytes. */
const SIZE_BYTES = 4;

/**
 * Finds the vmlinux in a bzImage. An emulator boots it 2 s sooner than the bzImage, which
 * decompresses itself.
 *
 * @throws {BadKernelImage}
 */
export function compressedKernel(image: Buffer): CompressedKernel {
  const isImage =
    image.length >= PAYLOAD_LENGTH + 4 && image.toString('latin1', SIGNATURE, VERSION) === 'HdrS';
  if (!isImage) throw new BadKernelImage('the kernel is no bzImage: it has no setup header');
  const version = image.readUInt16LE(VERSION);
  if (version < FIRST_WITH_PAYLOAD) {
    throw new BadKernelImage(
      `boot protocol 0x${version.toString(16)} does not say where vmlinux is`,
    );
  }
  const protectedMode = (image[SETUP_SECTORS] + 1) * SECTOR_BYTES;
  const start = protectedMode + image.readUInt32LE(PAYLOAD_OFFSET);
  const end = start + image.readUInt32LE(PAYLOAD_LENGTH);
  if (end > image.length) throw new BadKernelImage('the bzImage ends before its vmlinux does');
  const payload = image.subarray(start, end);
  const head = payload.toString('hex', 0, 8);
  const format = FORMATS.find(({ magic }) => head.startsWith(magic));
  if (format === undefined) {
    throw new BadKernelImage(`vmlinux is compressed in an unknown way: it starts with ${head}`);
  }
  const { program, suffix } = format;
  // gzip's own format ends with the size.
  const bytes = program === 'gzip' ? payload : payload.subarray(0, -SIZE_BYTES);
  return { bytes, program, suffix };
}
