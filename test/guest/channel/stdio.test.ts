import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { StdioConnection } from '../../../guest/channel/stdio.ts';

describe('standard input and output as a channel', () => {
  it('deliver what arrives, one chunk after the other', async () => {
    const input = new PassThrough();
    const connection = new StdioConnection(input, new PassThrough());
    const taken: string[] = [];
    const take = async (chunk: Uint8Array): Promise<void> =>
      void taken.push(Buffer.from(chunk).toString());
    const reading = connection.read(take, async () => void taken.push('gone'));
    input.write('first\n');
    input.write('second\n');
    input.end();
    await reading;
    assert.equal(taken.join(''), 'first\nsecond\ngone');
  });

  it('end when the agent closes them', async () => {
    const connection = new StdioConnection(new PassThrough(), new PassThrough());
    let ended = 0;
    const reading = connection.read(
      async () => undefined,
      async () => void ended++,
    );
    connection.close();
    await reading;
    assert.equal(ended, 1);
  });

  it('wait until the host reads', async () => {
    const output = new PassThrough({ highWaterMark: 16 });
    const connection = new StdioConnection(new PassThrough(), output);
    connection.send('x'.repeat(100));
    const seen: string[] = [];
    const wait = async (): Promise<void> => {
      await connection.sent();
      seen.push('sent');
    };
    const sent = wait();
    await new Promise(setImmediate);
    seen.push('the host reads');
    output.resume();
    await sent;
    assert.deepEqual(seen, ['the host reads', 'sent']);
  });

  it('do not wait for a host that is gone', async () => {
    const output = new PassThrough({ highWaterMark: 16 });
    const connection = new StdioConnection(new PassThrough(), output);
    connection.send('x'.repeat(100));
    const sent = connection.sent();
    output.destroy(new Error('the host is gone'));
    await sent;
    connection.send('more');
    await connection.sent();
  });
});
