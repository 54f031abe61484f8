import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { BadKernelImage, compressedKernel } from '../../../lab/kernel/image/vmlinux.ts';

const SETUP_SECTORS = 3;
const PROTECTED_MODE = (SETUP_SECTORS + 1) * 512;
const PAYLOAD_AT = 100;

/** A bzImage with a payload that ends with it. */
function bzImage(payload: Buffer, { version = 0x020f, magic = 'HdrS' } = {}): Buffer {
  const image = Buffer.alloc(PROTECTED_MODE + PAYLOAD_AT + payload.length);
  image[0x1f1] = SETUP_SECTORS;
  image.write(magic, 0x202, 'latin1');
  image.writeUInt16LE(version, 0x206);
  image.writeUInt32LE(PAYLOAD_AT, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  payload.copy(image, PROTECTED_MODE + PAYLOAD_AT);
  return image;
}

describe('the vmlinux of a bzImage', () => {
  it('is found by the setup header, without the size that follows it', () => {
    const xz = Buffer.concat([Buffer.from('fd377a585a00', 'hex'), randomBytes(50)]);
    const image = bzImage(Buffer.concat([xz, randomBytes(4)]));
    assert.deepEqual(compressedKernel(image), { bytes: xz, program: 'xz', suffix: '.xz' });
  });

  it('can be compressed with gzip, whose format has the size', () => {
    const vmlinux = randomBytes(500);
    const found = compressedKernel(bzImage(gzipSync(vmlinux)));
    assert.equal(found.program, 'gzip');
    assert.deepEqual(gunzipSync(found.bytes), vmlinux);
  });

  it('is refused where the image is cut, is no bzImage, or is compressed in an unknown way', () => {
    const image = bzImage(Buffer.concat([Buffer.from('fd377a585a00', 'hex'), randomBytes(50)]));
    for (const length of [0, 0x24c, 0x24f, image.length - 1]) {
      assert.throws(() => compressedKernel(image.subarray(0, length)), BadKernelImage);
    }
    assert.throws(
      () => compressedKernel(bzImage(randomBytes(9), { magic: 'HdrX' })),
      /setup header/,
    );
    assert.throws(() => compressedKernel(bzImage(randomBytes(9), { version: 0x0207 })), /0x207/);
    const unknown = bzImage(Buffer.from('0102030405060708', 'hex'));
    assert.throws(() => compressedKernel(unknown), /starts with 0102030405060708/);
  });
});
