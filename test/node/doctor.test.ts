import assert from 'node:assert/strict';
import { chmodSync, existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check } from '../../doctor/model/check.ts';
import { startIperf3Server } from '../../lab/testbed/iperf3.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { needs, skipFor } from '../support/needs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { EAGER, needsRealNode, NodeFixture } from './fixture.ts';

/** User and group of `nobody`. */
const NOBODY = 65_534;
const CLI = join(packageRoot(), 'dist/cli/main.js');

describe('on the real node, norikae doctor', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;
  let folder: ReturnType<typeof temporaryFolder> | undefined;
  let config: string;

  before(async function () {
    needsRealNode(this);
    needs(this, 'nft');
    fixture = await NodeFixture.start();
    await startIperf3Server(fixture.receiver.namespace);
    const { ovs, pinPath } = fixture.node;
    // Every user can read the configuration, but not the run directory.
    folder = temporaryFolder();
    chmodSync(folder.path, 0o755);
    config = join(folder.path, 'doctor.json');
    const settings = {
      node: { adapter: 'ovs', ovs: { runDir: ovs.runDir, database: ovs.dbSocket } },
      backend: { pinPath },
      policies: [EAGER],
      control: { path: join(ovs.runDir, 'norikae.sock') },
    };
    await writeFile(config, JSON.stringify(settings));
  });
  afterEach(() => fixture?.tidy());
  after(async () => {
    folder?.remove();
    await fixture?.node.stop();
  });

  const host = (file: string, ...args: readonly string[]) => fixture.node.ovs.host.exec(file, args);

  /** Runs it in the vSwitch's namespace. @param prefix a command that runs it */
  async function doctor(...prefix: readonly string[]): Promise<{ checks: Check[]; code: number }> {
    const command = [...prefix, process.execPath, CLI, 'doctor', '--json', '--config', config];
    const output = await host('sh', '-c', '"$@"; echo $?', 'sh', ...command);
    const [report, code] = output.trim().split('\n');
    return { checks: JSON.parse(report).checks, code: Number(code) };
  }

  function failuresIn(checks: readonly Check[]): Readonly<Record<string, string>> {
    return Object.fromEntries(
      checks.filter(({ ok }) => !ok).map(({ name, found }) => [name, found]),
    );
  }

  function foundIn(checks: readonly Check[], name: string): string {
    const check = checks.find((other) => other.name === name);
    assert(check !== undefined, name);
    return check.found;
  }

  it('finds nothing in the way, and changes nothing', async () => {
    const look = async () => [
      await host('ip', '-d', 'link', 'show'),
      await host('tc', 'qdisc', 'show'),
    ];
    const before = await look();
    const { checks, code } = await doctor();
    assert.deepEqual([failuresIn(checks), code], [{}, 0]);
    assert.match(foundIn(checks, 'ovs-vswitchd'), /^\d+\.\d+.*, datapaths: netdev@ovs-netdev$/);
    assert.equal(foundIn(checks, 'bridges'), 'br0 (userspace datapath)');
    assert.match(foundIn(checks, 'port vm1'), /^vm, veth, up, MTU 1500, .*; XDP native$/);
    assert.match(foundIn(checks, 'daemon'), /^not running/);
    assert.deepEqual(await look(), before);
    assert(!existsSync(fixture.node.pinPath));
  });

  it("does not take the daemon's own programs for those of others", async () => {
    const daemon = await fixture.startDaemon();
    await fixture.startTcp(8);
    await fixture.waitForTcpOffloaded(daemon);
    const { checks, code } = await doctor();
    assert.deepEqual([failuresIn(checks), code], [{}, 0]);
    assert.match(foundIn(checks, 'daemon'), /^version \S+, pid \d+$/);
    assert.match(await host('ip', '-d', 'link', 'show', 'vm1'), /prog\/xdp/);
  });

  it('names everything that stands in the way at once', async () => {
    const { ovs } = fixture.node;
    const { sender, receiver } = fixture;
    await host('tc', 'qdisc', 'add', 'dev', sender.name, 'root', 'handle', '1:', 'htb');
    const hook = `{ type filter hook ingress device ${receiver.name} priority 0; }`;
    await host('nft', `add table netdev guard; add chain netdev guard in ${hook}`);
    await host('ip', 'link', 'set', receiver.name, 'down');
    await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=500');
    await ovs.vsctl('set', 'interface', sender.name, 'ingress_policing_rate=1000');
    try {
      const { checks, code } = await doctor();
      const failures = failuresIn(checks);
      assert.deepEqual([Object.keys(failures), code], [['max-idle', 'port vm1', 'port vm2'], 1]);
      assert.match(failures['max-idle'], /idle for 500 ms/);
      assert.match(failures['port vm1'], /a htb qdisc, which XDP would bypass; .*policing/);
      assert.match(failures['port vm2'], /it is down; .*nftables chain in of table guard/);
    } finally {
      await ovs.vsctl('set', 'interface', sender.name, 'ingress_policing_rate=0');
      await ovs.vsctl('remove', 'Open_vSwitch', '.', 'other_config', 'max-idle');
      await host('ip', 'link', 'set', receiver.name, 'up');
      await host('nft', 'delete table netdev guard');
      await host('tc', 'qdisc', 'delete', 'dev', sender.name, 'root');
    }
  });

  it('names a setting of a guest that keeps flows from leaving by its port', async () => {
    const { receiver } = fixture;
    await receiver.namespace.exec('ethtool', ['-K', 'eth0', 'gro', 'off']);
    try {
      const { checks, code } = await doctor();
      const failures = failuresIn(checks);
      assert.deepEqual([Object.keys(failures), code], [['port vm2'], 1]);
      assert.match(failures['port vm2'], /does not accept redirected frames/);
    } finally {
      await receiver.namespace.exec('ethtool', ['-K', 'eth0', 'gro', 'on']);
    }
  });

  it('tells another user how to see what it could not', async function () {
    const user = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
    try {
      await host('sh', '-c', `${user.join(' ')} cat ${CLI} > /dev/null`);
    } catch {
      skipFor(this, ['a package that every user can read']);
    }
    const { checks, code } = await doctor(...user);
    assert.equal(code, 1);
    const denied = checks.filter(({ remedy }) => remedy.startsWith('run as root'));
    const names = denied.map(({ name }) => name);
    for (const name of ['privileges', 'BPF maps', 'XDP program', 'ovs-vswitchd', 'OVSDB']) {
      assert(names.includes(name), `${name}: ${JSON.stringify(checks)}`);
    }
  });
});
