import assert from 'node:assert/strict';
import { KEY_BYTES } from '../../../../adapters/nic/core/key-layout.ts';
import { MaskSet } from '../../../../adapters/nic/core/mask-set.ts';
import { FLOW_MASK, MASK_SET, u32At } from '../../../../adapters/nic/core/records.ts';

const mask = (bits: number): Uint32Array => new Uint32Array(KEY_BYTES / 4).fill(bits);

describe('MaskSet', () => {
  function setUp() {
    const published: number[][] = [];
    let set: Uint8Array | undefined;
    let publish: (() => void) | undefined;
    let nextId = 1;
    const libbpf = {
      createMap: () => 7,
      update: (_fd: number, _key: Uint8Array, value: Uint8Array) => {
        set = value;
      },
      updateWaiting: () =>
        new Promise<void>((resolve) => {
          publish = resolve;
        }),
      lookup: () => false,
      close: () => undefined,
    };
    const maps = {
      fd: { masks: 3 },
      next: () => nextId++,
      pinNextMaskSet: () => undefined,
      replaceMaskSetPin: () => undefined,
      openMaskSet: () => undefined,
    };
    const masks = new MaskSet(libbpf, maps, 8);
    /** Ends the publication that is in progress. */
    const end = async (committing: Promise<void>): Promise<void> => {
      assert(publish !== undefined && set !== undefined);
      const bytes = set;
      const ids = Array.from({ length: u32At(bytes, MASK_SET.count) }, (_, i) =>
        u32At(bytes, MASK_SET.masks + i * FLOW_MASK.bytes + FLOW_MASK.maskId),
      );
      published.push(ids);
      publish();
      await committing;
    };
    return { masks, published, end };
  }

  it('publishes a mask that was acquired while others were published', async () => {
    const { masks, published, end } = setUp();
    const first = masks.acquire(mask(1));
    const committing = masks.commit();
    const second = masks.acquire(mask(2));
    await end(committing);
    assert(masks.changed);
    assert.equal(masks.idOf(mask(2)), second);
    await end(masks.commit());
    assert(!masks.changed);
    assert.deepEqual(published, [[first], [first, second]]);
  });

  it('publishes an idle mask again that was acquired while it was left out', async () => {
    const { masks, published, end } = setUp();
    const idle = masks.acquire(mask(1));
    await end(masks.commit());
    masks.release(idle);
    const other = masks.acquire(mask(2));
    const committing = masks.commit();
    assert.equal(masks.acquire(mask(1)), idle);
    await end(committing);
    assert(masks.changed);
    await end(masks.commit());
    assert.deepEqual(published, [[idle], [other], [idle, other]]);
    assert.equal(masks.used, 2);
  });

  it('forgets a mask that nothing uses once others are published', async () => {
    const { masks, end } = setUp();
    const idle = masks.acquire(mask(1));
    masks.release(idle);
    masks.acquire(mask(2));
    await end(masks.commit());
    assert.equal(masks.idOf(mask(1)), 0);
    assert.equal(masks.used, 1);
  });
});
