import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DeviceFeatures } from '../../adapters/nic/core/device-features.ts';
import { NetworkLock } from '../../adapters/nic/core/network-lock.ts';
import { readSwitch } from '../../adapters/ovs/switch-reading.ts';
import { bpfFacts } from '../../doctor/gather/bpf.ts';
import { see } from '../../doctor/gather/see.ts';
import { capabilitiesIn, systemFacts } from '../../doctor/gather/system.ts';
import { run } from '../../lab/testbed/run.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { needs } from '../support/needs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Names of features in `ethtool -k`, and in the kernel. */
const LOOPBACK_FEATURES = [
  ['generic-receive-offload', 'rx-gro'],
  ['tx-tcp-segmentation', 'tx-tcp-segmentation'],
  ['tx-checksum-ip-generic', 'tx-checksum-ip-generic'],
  ['hw-tc-offload', 'hw-tc-offload'],
] as const;

describe('gathering of facts', () => {
  const folder = temporaryFolder();
  after(() => folder.remove());

  it('reports what fails, what is denied, and what takes too long', async () => {
    assert.deepEqual(await see('a thing', async () => 7), { value: 7 });
    const fails = () => Promise.reject(new Error('broken'));
    assert.deepEqual(await see('a thing', fails), { unseen: 'broken', isDenied: false });
    const wrapped = () => Promise.reject(new Error('cannot open', { cause: coded('EACCES') }));
    assert.deepEqual(await see('a thing', wrapped), { unseen: 'cannot open', isDenied: true });
    const mentioned = () => Promise.reject(new Error('bpf failed with EPERM'));
    assert.deepEqual(await see('a thing', mentioned), {
      unseen: 'bpf failed with EPERM',
      isDenied: true,
    });
    const never = () => new Promise<never>(() => undefined);
    assert.deepEqual(await see('a thing', never, 20), {
      unseen: 'a thing: no answer within 0.02 s',
      isDenied: false,
    });
  });

  it('reads the effective capabilities', async () => {
    assert.equal(capabilitiesIn('CapPrm:\tff\nCapEff:\t0000000000001000\nCapBnd:\tff\n'), 0x1000n);
    assert.throws(() => capabilitiesIn('Name:\tnode\n'), /no line CapEff/);
    const { isRoot, capabilities } = await systemFacts();
    assert.equal(isRoot, process.getuid?.() === 0);
    assert('value' in capabilities);
  });

  it('does not wait for an OVSDB server that never answers', async () => {
    const socket = join(folder.path, 'db.sock');
    const server = createServer().listen(socket);
    try {
      const options = { socket, timeoutMs: 50, ignoreExports: false };
      await assert.rejects(readSwitch(options), /did not answer .*within 50 ms/);
    } finally {
      server.close();
    }
  });

  it('finds the folder of pins, and that it is no BPF file system', async () => {
    const none = join(folder.path, 'none.o');
    const objects = { xdp: none, tcx: none, flower: none };
    const pinPath = join(folder.path, 'deep', 'pins');
    const facts = await bpfFacts(pinPath, objects, new NetworkLock(), false);
    assert.deepEqual(facts.pins, {
      value: { folder: folder.path, isBpf: false, writable: true },
    });
    assert('unseen' in facts.programs.xdp && 'unseen' in facts.programs.tcx);
    assert.match(facts.programs.xdp.unseen, /none\.o/);
    assert('unseen' in facts.knowsTcx && facts.knowsTcx.isDenied);
  });

  it('reads the features that ethtool shows', async function () {
    needs(this, 'netns', 'xdp');
    const shown = await run('ethtool', ['-k', 'lo']);
    const active = await new DeviceFeatures(new NetworkLock()).active('lo');
    assert(active !== undefined);
    for (const [shownAs, name] of LOOPBACK_FEATURES) {
      const isOn = new RegExp(`^\\s*${shownAs}: on`, 'm').test(shown);
      assert.equal(active.has(name), isOn, name);
    }
    assert.equal(await new DeviceFeatures(new NetworkLock()).active('none0'), undefined);
  });

  it('sees that this kernel accepts maps and programs', async function () {
    needs(this, 'root', 'xdp');
    const objectOf = (hook: string) =>
      join(packageRoot(), 'dist/adapters/nic', hook, 'norikae.bpf.o');
    const objects = { xdp: objectOf('xdp'), tcx: objectOf('tcx'), flower: objectOf('flower') };
    const facts = await bpfFacts(folder.path, objects, new NetworkLock(), true);
    assert.deepEqual(facts.refusedMaps, { value: [] });
    assert.deepEqual(facts.programs.xdp, { value: 'accepted' });
    assert.deepEqual(facts.programs.flower, { value: 'accepted' });
    assert.deepEqual(facts.programs.tcx, { value: 'accepted' });
  });
});

function coded(code: string): Error {
  return Object.assign(new Error('denied'), { code });
}
