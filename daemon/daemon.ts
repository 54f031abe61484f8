import { Registry } from 'prom-client';
import { Metrics } from '../telemetry/metrics.ts';
import type { Config } from './config/config.ts';
import type { Daemon } from './lifecycle.ts';
import type { Log } from './log.ts';
import { Loop } from './loop.ts';
import { LoopView } from './loop-view.ts';
import { createNode } from './node.ts';
import { packageVersion } from './package-root.ts';
import { PolicyKeeper } from './policy-keeper.ts';

/**
 * Makes the daemon that a configuration describes. Nothing is started.
 *
 * @throws {PoliciesUnusable} when the policies are not good
 */
export async function createDaemon(config: Config, log: Log): Promise<Daemon> {
  const clock = { now: () => performance.now(), wall: () => Date.now() };
  const version = packageVersion();
  const registry = new Registry();
  const policies = new PolicyKeeper({
    files: config.policies,
    clock,
    log,
  });
  const evaluator = await policies.first();
  const node = createNode(config, clock);
  const metrics = new Metrics(registry, version);
  const loop = new Loop({ config, node, evaluator, clock, log, metrics });
  policies.serve(loop.engine);
  const view = new LoopView({
    loop,
    node,
    config,
    policies,
    version,
    startedAtMs: clock.now(),
    now: clock.now,
  });
  return {
    view,
    registry,
    start: () => {
      log.info({ node: node.description, rules: evaluator.rules.length }, 'starting');
      loop.start();
      return Promise.resolve();
    },
    stop: () => loop.stop(config.onExit),
  };
}
