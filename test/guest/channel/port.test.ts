import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PortConnection } from '../../../guest/channel/port.ts';
import { PortMissing, portPath } from '../../../guest/channel/port-path.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/*
 * A FIFO that is open in both directions stands for the port: reading finds nothing at times, writing
 * is refused when it is full, and what was written can be read.
 */

/** The host does not disconnect from a FIFO. */
const never = (): Promise<void> => Promise.reject(new Error('the host is gone'));

describe('port of virtio-serial', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let fifo: string;

  beforeEach(() => {
    folder = temporaryFolder();
    fifo = join(folder.path, 'port');
    execFileSync('mkfifo', [fifo]);
  });

  afterEach(() => folder.remove());

  it('carries more than fits into it, in order', async () => {
    const port = new PortConnection(fifo);
    const sent = Array.from({ length: 60_000 }, (_, i) => `${i}\n`).join('');
    let got = '';
    const reading = port.read(async (chunk) => {
      got += Buffer.from(chunk).toString();
    }, never);
    port.send(sent);
    assert(sent.length > 300_000);
    await port.sent();
    await eventually('all', () => got.length === sent.length);
    assert.equal(got, sent);
    port.close();
    await reading;
  });

  it('notices that the host has disconnected, each time', async () => {
    // A file that is read to its end stands for the port without a host.
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    const port = new PortConnection(file);
    const seen: string[] = [];
    const reading = port.read(
      async (chunk) => void seen.push(Buffer.from(chunk).toString()),
      async () => void seen.push('gone'),
    );
    for (const text of ['first', 'second']) {
      appendFileSync(file, text);
      await eventually(`gone after ${text}`, () => seen.at(-2) === text && seen.at(-1) === 'gone');
    }
    port.close();
    await reading;
    assert.deepEqual(seen, ['first', 'gone', 'second', 'gone']);
  });

  it('waits until what it has delivered is taken', async () => {
    const port = new PortConnection(fifo);
    let release = (): void => {};
    const taken: string[] = [];
    const reading = port.read((chunk) => {
      taken.push(Buffer.from(chunk).toString());
      return new Promise((resolve) => {
        release = resolve;
      });
    }, never);
    port.send('first');
    await eventually('first', () => taken.length === 1);
    port.send('second');
    assert.deepEqual(taken, ['first']);
    release();
    await eventually('second', () => taken.length === 2);
    release();
    port.close();
    await reading;
  });

  it('does not keep a process from its exit while it reads', async () => {
    const module = new URL('../../../guest/channel/port.js', import.meta.url).href;
    const script = `
      import { PortConnection } from ${JSON.stringify(module)};
      void new PortConnection(${JSON.stringify(fifo)}).read(async () => {});
      setTimeout(() => process.exit(7), 100);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 9_000,
    });
    const [code] = await once(child, 'exit');
    assert.equal(code, 7);
  });

  it('is found by its name', () => {
    for (const [device, name] of [
      ['vport0p1', 'org.other.0'],
      ['vport0p2', 'org.norikae.0'],
    ]) {
      mkdirSync(join(folder.path, device));
      writeFileSync(join(folder.path, device, 'name'), `${name}\n`);
    }
    assert.equal(portPath('org.norikae.0', folder.path), '/dev/vport0p2');
    assert.equal(portPath('/dev/some', folder.path), '/dev/some');
    assert.throws(() => portPath('org.norikae.1', folder.path), PortMissing);
    assert.throws(() => portPath('org.norikae.0', '/nonexistent'), PortMissing);
  });
});
