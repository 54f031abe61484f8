import assert from 'node:assert/strict';
import { cpioArchive } from '../../../lab/kernel/image/cpio.ts';
import { shellQuoted } from '../../../lab/kernel/image/initramfs.ts';
import { isLabFile, loadingOrder, ModuleMissing } from '../../../lab/kernel/image/modules.ts';
import { run } from '../../../lab/testbed/run.ts';

const DEPENDENCIES = `kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/netfs/netfs.ko
kernel/net/9p/9pnet.ko:
kernel/fs/netfs/netfs.ko:
kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio.ko:
kernel/drivers/net/a-b.ko:
`;

describe('image of the kernel lab', () => {
  it('loads modules after their dependencies, each once', () => {
    assert.deepEqual(loadingOrder(['9pnet_virtio', '9p', 'a_b'], DEPENDENCIES, ''), [
      'kernel/drivers/virtio/virtio.ko',
      'kernel/net/9p/9pnet.ko',
      'kernel/net/9p/9pnet_virtio.ko.xz',
      'kernel/fs/netfs/netfs.ko',
      'kernel/fs/9p/9p.ko',
      'kernel/drivers/net/a-b.ko',
    ]);
  });

  it('loads no built-in module, and refuses a missing one', () => {
    const builtIn = 'kernel/fs/overlayfs/overlay.ko\n';
    assert.deepEqual(loadingOrder(['overlay'], DEPENDENCIES, builtIn), []);
    assert.throws(() => loadingOrder(['ext4'], DEPENDENCIES, builtIn), ModuleMissing);
  });

  it('chooses kernel, lists and modules of the package, merged /usr or not', () => {
    const chosen = [
      './boot/vmlinuz-6.1.0-9-amd64',
      './lib/modules/6.1.0-9-amd64/modules.order',
      './lib/modules/6.1.0-9-amd64/kernel/net/openvswitch/openvswitch.ko',
      './usr/lib/modules/6.12.1-amd64/kernel/drivers/net/veth.ko.xz',
    ];
    const left = [
      './boot/config-6.1.0-9-amd64',
      './lib/modules/6.1.0-9-amd64/kernel/drivers/gpu/drm/drm.ko',
      './lib/modules/6.1.0-9-amd64/kernel/drivers/net/wireless/a.ko',
      './usr/share/doc/net/openvswitch',
    ];
    assert.deepEqual([...chosen, ...left].filter(isLabFile), chosen);
  });

  it('writes an archive in the newc format', () => {
    const archive = cpioArchive([
      { path: 'bin' },
      { path: 'bin/init', bytes: Buffer.from('hello'), executable: true },
    ]).toString('latin1');
    const header = (inode: string, mode: string, size: string, name: string) =>
      `070701${inode}${mode}${'0'.repeat(16)}00000001${'0'.repeat(8)}${size}${'0'.repeat(32)}${name}${'0'.repeat(8)}`;
    const folder = `${header('00000001', '000041ed', '00000000', '00000004')}bin\0\0\0`;
    const file = `${header('00000002', '000081ed', '00000005', '00000009')}bin/init\0\0hello\0\0\0`;
    const end = `${header('00000000', '00000000', '00000000', '0000000b')}TRAILER!!!\0\0\0\0`;
    assert.equal(archive, folder + file + end);
  });

  it('quotes words so that a shell reads them back', async () => {
    for (const word of ['', 'plain', "it's", '$HOME `id` "x"\n\\', '*']) {
      assert.equal(await run('sh', ['-c', `printf %s ${shellQuoted(word)}`]), word);
    }
  });
});
