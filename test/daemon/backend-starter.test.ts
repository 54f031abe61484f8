import assert from 'node:assert/strict';
import { pino } from 'pino';
import { BackendStarter } from '../../daemon/backend-starter.ts';
import { FakeBackend } from '../support/fake-backend.ts';
import { FakePorts } from '../support/fake-sources.ts';

describe('the start of backends', () => {
  it('waits until what other adapters have left is removed', async () => {
    const backend = new FakeBackend();
    const seen: string[] = [];
    let attempts = 0;
    const clearLeft = async (): Promise<void> => {
      attempts++;
      seen.push(`attempt ${attempts}: ${starter.errorOf(backend)}, ${starter.started}`);
      if (attempts === 1) throw new Error('the pins are in use by another daemon');
    };
    const node = { ports: new FakePorts(), backends: [backend], clearLeft };
    const starter = new BackendStarter(node, pino({ level: 'silent' }), () => seen.push('up'));
    await starter.run(new AbortController().signal);
    assert.deepEqual(seen, [
      'attempt 1: undefined, false',
      'attempt 2: the pins are in use by another daemon, false',
      'up',
    ]);
    assert(starter.started);
    assert.equal(starter.errorOf(backend), undefined);
  });

  it('ends while it waits', async () => {
    const stop = new AbortController();
    const clearLeft = (): Promise<void> => {
      stop.abort();
      return Promise.reject(new Error('in use'));
    };
    const node = { ports: new FakePorts(), backends: [new FakeBackend()], clearLeft };
    const starter = new BackendStarter(node, pino({ level: 'silent' }), () => assert.fail('up'));
    await starter.run(stop.signal);
    assert(!starter.started);
  });
});
