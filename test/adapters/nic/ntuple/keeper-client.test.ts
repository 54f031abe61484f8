import assert from 'node:assert/strict';
import { join } from 'node:path';
import { FileJournal } from '../../../../adapters/nic/ntuple/keeper/journal.ts';
import {
  KeeperClient,
  KeeperFailed,
} from '../../../../adapters/nic/ntuple/keeper/keeper-client.ts';
import {
  parseMessage,
  parseRequest,
} from '../../../../adapters/nic/ntuple/keeper/keeper-protocol.ts';
import type { ReceiveFilter } from '../../../../protocols/ethtool/receive-filter.ts';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { eventually } from '../../../support/eventually.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const FILTERS: readonly ReceiveFilter[] = [
  { key: { kind: 'udp4', destination: '0a000001', destinationPort: 9 }, target: { queue: 0 } },
  { key: { kind: 'tcp6', source: '0'.repeat(32), vlan: 7 }, target: { vf: 3, queue: 1 } },
];

describe('the keeper of receive filters', () => {
  const { path: folder, remove } = temporaryFolder();
  after(remove);

  it('that cannot use the device says so', async function () {
    this.timeout(20_000);
    const journal = join(folder, 'lo.journal');
    const client = new KeeperClient({ device: 'lo', journal, log: assert.fail });
    await assert.rejects(client.start(), (error) => {
      assert(error instanceof KeeperFailed);
      assert.match(error.message, /filters of lo reports: lo: the driver refuses to count/);
      return true;
    });
    await client.close();
    await assert.rejects(client.list(), /has been closed/);
  });

  it('finds in its journal what an earlier one wrote, also when the last line was cut', async () => {
    const path = join(folder, 'journal');
    const journal = new FileJournal(path);
    await journal.rewrite([]);
    for (const filter of [...FILTERS, ...FILTERS]) await journal.add(filter);
    assert.equal(journal.size, 2);
    await appendFile(path, '{"key":{"kind":"udp4","desti');
    assert.deepEqual(await new FileJournal(path).read(), FILTERS);
    await journal.rewrite(FILTERS.slice(1));
    assert.deepEqual(await new FileJournal(path).read(), FILTERS.slice(1));
    assert.deepEqual(await new FileJournal(join(folder, 'none')).read(), []);
  });

  it('that dies again and again is started at growing intervals, and at once when it is needed', async () => {
    const starts = join(folder, 'starts');
    const path = join(folder, 'dying.mjs');
    // The first is killed by its first request; the others end before they are ready.
    await writeFile(
      path,
      `import { appendFileSync, readFileSync } from 'node:fs';
appendFileSync(${JSON.stringify(starts)}, 'x');
if (readFileSync(${JSON.stringify(starts)}).length > 1) process.exit(1);
console.log('{"event":"ready"}');
process.stdin.once('data', () => process.exit(1));
`,
    );
    const count = async (): Promise<number> => (await readFile(starts)).length;
    const script = { path, args: [] };
    const logged: string[] = [];
    const log = (line: string): void => void logged.push(line);
    const client = new KeeperClient({ device: 'p0', journal: join(folder, 'j'), script, log });
    let lapses = 0;
    client.onLapse(() => lapses++);
    await client.start();
    assert.notEqual(client.pid, 0);
    await assert.rejects(client.list(), /has died/);
    assert.equal(client.pid, 0);
    assert.equal(lapses, 1);
    const diedAtMs = performance.now();
    await eventually('it was started twice more', async () => (await count()) >= 3);
    await eventually('three seconds are over', () => performance.now() > diedAtMs + 3_000);
    // After at least 100, 200, 400, 800 and 1600 ms.
    assert.ok((await count()) <= 6, `${await count()} starts`);
    await assert.rejects(client.list(), /ended with 1/);
    assert.match(logged[0], /receive filters of p0 has died/);
    assert.match(logged[1], /receive filters of p0 ended with 1/);
    await client.close();
  });

  it('logs what it cannot remove after the end of the lease', async () => {
    const path = join(folder, 'stuck.mjs');
    await writeFile(
      path,
      `console.log('{"event":"ready"}');
console.log('{"event":"stuck","error":"p0: 3 receive filters cannot be removed"}');
process.stdin.resume();
process.stdin.once('data', () => console.log('{"id":1,"result":0}'));
process.stdin.once('end', () => process.exit(0));
`,
    );
    const logged: string[] = [];
    const log = (line: string): void => void logged.push(line);
    const script = { path, args: [] };
    const client = new KeeperClient({ device: 'p0', journal: join(folder, 'j'), script, log });
    await client.start();
    await eventually('it is logged', () => logged.length > 0);
    assert.deepEqual(logged, ['p0: 3 receive filters cannot be removed']);
    await client.close();
  });

  it('ignores lines that are not requests or messages', () => {
    for (const line of ['', '{', '[]', 'null', '7', '{"id":1}', '{"id":"1","do":"list"}']) {
      assert.equal(parseRequest(line), undefined, line);
    }
    assert.equal(parseRequest('{"id":1,"do":"insert","filter":{"key":{},"target":{}}}'), undefined);
    assert.equal(parseRequest('{"id":1,"do":"renew"}'), undefined);
    assert.deepEqual(parseRequest('{"id":1,"do":"remove","location":4}'), {
      id: 1,
      do: 'remove',
      location: 4,
    });
    for (const line of ['', '[]', '{"event":"other"}', '{"result":1}']) {
      assert.equal(parseMessage(line), undefined, line);
    }
  });
});
