import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { encodeRule, type RuleOutcome } from '../../../../adapters/nic/flower/rules/flower-rule.ts';
import { SoftwareNic } from '../../../../lab/nic-module/nic.ts';
import { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { OvsInstance } from '../../../../lab/testbed/ovs.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { NetlinkRefused } from '../../../../protocols/netlink/errors.ts';
import { NetlinkRequests } from '../../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../../protocols/netlink/socket.ts';
import { newFilter } from '../../../../protocols/netlink/tc/filters.ts';
import { FLOWER } from '../../../../protocols/netlink/tc/flower-table.ts';
import { PARENT } from '../../../../protocols/netlink/tc/traffic-control.ts';
import { UnixctlClient } from '../../../../protocols/unixctl/client.ts';
import { Reader } from '../../../adapters/ovs/dump/dump-lines.ts';
import { never } from '../../../contract/collect.ts';
import { needs } from '../../../support/needs.ts';
import { MEGAFLOWS } from './support/megaflows.ts';
import { type PrintedFilter, printedFilters } from './support/printed-filters.ts';

const DATAPATH = 'system@ovs-system';
const AN_HOUR_MS = '3600000';
/** Nothing revalidates the flows of the test. */
const SETTINGS = [
  'hw-offload=true',
  'vlan-limit=2',
  `max-idle=${AN_HOUR_MS}`,
  `max-revalidator=${AN_HOUR_MS}`,
].map((setting) => `other_config:${setting}`);
const INTERNAL = 'br0';

/*
 * The same megaflows go to the NIC in two ways: Open vSwitch's own offload puts them on one
 * representor, and Norikae's rules go on another. What tc prints of both is compared.
 */
describe('rules of flower, compared with those of Open vSwitch', function () {
  this.timeout(60_000);
  const cleanup = new Cleanup();
  let requests: NetlinkRequests | undefined;
  let theirs = new Map<number, PrintedFilter>();
  let ours = new Map<number, PrintedFilter>();

  before(async function () {
    needs(this, 'kernel-lab', 'nic-module', 'root', 'netns', 'nft', 'ovs');
    const nic = await SoftwareNic.load(cleanup, { vfs: 4 });
    const [theirDevice, ourDevice, out1, out2] = nic.devices.representors;
    const names = { OUT1: out1, OUT2: out2, INTERNAL };
    const ovs = await OvsInstance.start(cleanup, new NameMaker(), [], SETTINGS, 'shared');
    await ovs.addBridge(INTERNAL, 'system');
    for (const name of [theirDevice, out1, out2]) await ovs.addPort({ bridge: INTERNAL, name });
    const client = new UnixctlClient({ runDir: ovs.runDir, timeoutMs: 20_000 });
    await addFlows(client, theirDevice, await portNumbers(client, names));
    await client.close();
    theirs = await printedFilters(theirDevice);

    await run('tc', ['qdisc', 'add', 'dev', ourDevice, 'clsact']);
    requests = new NetlinkRequests(PROTOCOL.route, { timeoutMs: 20_000 });
    await addRules(requests, encoded(ourDevice, names));
    ours = await printedFilters(ourDevice);
  });
  after(async () => {
    requests?.close();
    await cleanup.run();
  });

  for (const [n, { what, refusedBy, checksums }] of MEGAFLOWS.entries()) {
    it(`say the same of ${what}`, () => {
      const their = theirs.get(idByte(n));
      const our = ours.get(idByte(n));
      assert.equal(their === undefined, refusedBy === 'both' || refusedBy === 'ovs');
      assert.equal(our === undefined, refusedBy === 'both');
      if (their === undefined || our === undefined) return;
      if (checksums !== undefined) {
        assert.deepEqual([checksumsOf(their), checksumsOf(our)], [checksums.ovs, checksums.ours]);
      }
      const compared = checksums === undefined ? [our, their] : [our, their].map(withoutChecksums);
      assert.deepEqual(compared[0], compared[1]);
    });
  }
});

const isChecksum = (action: Readonly<Record<string, unknown>>): boolean =>
  action['kind'] === 'csum';

const checksumsOf = ({ actions }: PrintedFilter): unknown => actions.find(isChecksum)?.['csum'];

function withoutChecksums(filter: PrintedFilter): PrintedFilter {
  return { ...filter, actions: filter.actions.filter((action) => !isChecksum(action)) };
}

/** Each byte of the ufid of megaflow `n`, so that the ufid is the same in either order of bytes. */
const idByte = (n: number): number => n + 1;

const ufid = (n: number): string => {
  const byte = idByte(n).toString(16).padStart(2, '0');
  return [4, 2, 2, 2, 6].map((bytes) => byte.repeat(bytes)).join('-');
};

const withSource = (key: string, n: number): string =>
  key.replace('SOURCE', `02:00:00:00:01:${n.toString(16).padStart(2, '0')}`);

const withPorts = (actions: string, ports: Readonly<Record<string, string>>): string =>
  actions.replace(/[A-Z]+[12]?/g, (name) => ports[name] ?? name);

/** The numbers in the datapath of the ports. */
async function portNumbers(
  client: UnixctlClient,
  names: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const shown = await client.text('dpctl/show', [DATAPATH], never());
  const numbers = Object.entries(names).map(([name, port]) => {
    const [, number] = new RegExp(`port (\\d+): ${port}\\b`).exec(shown) ?? [];
    assert(number !== undefined, shown);
    return [name, number];
  });
  return Object.fromEntries(numbers);
}

async function addFlows(
  client: UnixctlClient,
  inPort: string,
  ports: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [n, { key, actions }] of MEGAFLOWS.entries()) {
    const flow = `ufid:${ufid(n)},recirc_id(0),in_port(${inPort}),${withSource(key, n)}`;
    const args = [DATAPATH, flow, withPorts(actions, ports)];
    await client.text('dpctl/add-flow', args, never());
  }
}

function encoded(inPort: string, names: Readonly<Record<string, string>>): readonly RuleOutcome[] {
  const ports = {
    get: (name: string) => ({
      ifindex: Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')),
      isInternal: name === INTERNAL,
    }),
    problem: (name: string) => `${name} has no device`,
  };
  const reader = new Reader();
  const lines = MEGAFLOWS.map(({ key, actions }, n) => {
    const match = `ufid:${ufid(n)}, recirc_id(0),in_port(${inPort}),${withSource(key, n)}`;
    return `${match}, packets:0, bytes:0, used:never, actions:${withPorts(actions, names)}`;
  });
  const { skipped, firstSkipped } = reader.lines(...lines);
  assert.equal(skipped, 0, firstSkipped);
  const rows = new Map(reader.rows());
  return lines.map((_, n) => {
    const row = rows.get(ufid(n));
    assert(row !== undefined);
    return encodeRule(reader.table.specAt(row), ports, {
      heartbeat: false,
      isInSoftware: false,
      canForbidFragments: true,
    });
  });
}

async function addRules(
  requests: NetlinkRequests,
  outcomes: readonly RuleOutcome[],
): Promise<void> {
  const rules = outcomes.flatMap((outcome, n) => {
    if (!outcome.ok) return [];
    const { ifindex, protocol, keys, actions } = outcome.rule;
    const parent = PARENT.clsactIngress;
    // Some of the megaflows have the same match, so each has a priority of its own.
    const place = { ifindex, parent, priority: n + 1, protocol, handle: 1 };
    return [newFilter(place, 'flower', [...keys, FLOWER.actions.of(actions)])];
  });
  const answers = await requests.batch(rules);
  assert.deepEqual(
    answers.filter((answer) => answer instanceof NetlinkRefused),
    [],
  );
}
