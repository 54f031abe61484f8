import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../../../config/load-config.ts';
import { InfluxPreparation } from '../../../daemon/influx/preparation.ts';
import { FileReader } from '../../../platform/regular-file.ts';
import { InfluxClient } from '../../../telemetry/influx/client.ts';
import { never } from '../../contract/collect.ts';
import { HungFileSystem } from '../../support/hung-file-system.ts';
import { needs } from '../../support/needs.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { FakeInflux } from '../../telemetry/influx/fake-influx.ts';

const TIMEOUT_MS = 100;

describe('the secret of InfluxDB on a file system that hangs', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let hung: HungFileSystem | undefined;
  let fake: FakeInflux;
  let client: InfluxClient;
  let preparation: InfluxPreparation;
  let recording: ReturnType<typeof recordingLog>;

  before(function () {
    needs(this, 'root', 'fuse');
  });
  beforeEach(async () => {
    folder = temporaryFolder();
    recording = recordingLog();
    mkdirSync(join(folder.path, 'secrets'));
    const token = join(folder.path, 'secrets', 'token');
    writeFileSync(token, 'sesame\n');
    chmodSync(token, 0o600);
    fake = await FakeInflux.start();
    const influx = { url: fake.url, database: 'norikae', tokenFile: token };
    const text = JSON.stringify({ node: { adapter: 'emulator' }, policies: ['p'], influx });
    const { influx: config } = parseConfig(text, join(folder.path, 'norikae.json'));
    assert.ok(config !== undefined);
    client = new InfluxClient(config);
    const reader = new FileReader(TIMEOUT_MS);
    preparation = new InfluxPreparation(config, client, recording.log, reader);
  });
  afterEach(async () => {
    await hung?.unmount();
    hung = undefined;
    client.close();
    await fake.stop();
    folder.remove();
  });

  it('stays in use, and the log says so', async () => {
    await preparation.run(never());
    hung = await HungFileSystem.mount(join(folder.path, 'secrets'));
    const sinceMs = performance.now();
    await preparation.run(never());
    assert.ok(performance.now() - sinceMs < 2_000);
    const [line, ...more] = recording.lines;
    assert.deepEqual(more, []);
    assert.equal(line.level, 'warn');
    assert.match(String(line.msg), /the previous InfluxDB credentials stay in use/);
    assert.match(String(line.error), /"influx.tokenFile": reading .* takes longer than 0.1 s/);
    await client.write(['m f=1 1'], never());
    assert.equal(fake.requests.at(-1)?.authorization, 'Token sesame');
  });

  it('is reported in time when it was never read', async () => {
    hung = await HungFileSystem.mount(join(folder.path, 'secrets'));
    const sinceMs = performance.now();
    await assert.rejects(preparation.run(never()), {
      name: 'SinkUnavailable',
      kind: 'unauthorized',
    });
    assert.ok(performance.now() - sinceMs < 2_000);
  });
});
