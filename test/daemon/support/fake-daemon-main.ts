import { Registry } from 'prom-client';
import { Exposition } from '../../../telemetry/prometheus/exposition.ts';
import { runProcess } from '../../../cli/run-process.ts';
import type { CreateDaemon, Daemon } from '../../../daemon/lifecycle.ts';
import { FakeView } from '../../support/fake-view.ts';

/*
 * The command line with a daemon without a loop. FAKE_DAEMON makes it misbehave:
 * `no-start`, `slow-start`, `no-stop`, `reject` (an unhandled rejection once it runs).
 */
const behaviour = process.env.FAKE_DAEMON;

const createFake: CreateDaemon = async (_config, log): Promise<Daemon> => {
  const view = new FakeView();
  if (process.env.FAKE_RELOAD === 'bad') {
    view.reloaded = { ok: false, problems: ['p.json:3:7: unknown operator'] };
  }
  const ticks = setInterval(() => view.tick(), 20);
  return {
    view,
    metrics: new Exposition(new Registry()),
    start: async (signal) => {
      if (behaviour === 'no-start') throw new Error('no vSwitch here');
      if (behaviour === 'slow-start') {
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      }
      if (behaviour === 'reject') void Promise.reject(new Error('forgotten'));
      log.info('loop started');
    },
    stop: async () => {
      if (behaviour === 'no-stop') await new Promise(() => {});
      clearInterval(ticks);
      log.info({ asked: view.asked.filter((a) => a !== 'status') }, 'loop stopped');
    },
  };
};

await runProcess(() => Promise.resolve(createFake));
