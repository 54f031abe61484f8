import { LINK_STATES } from '../adapters/guest/guest-link.ts';
import { monotonicMs } from '../async/monotonic.ts';
import { FAILURE_REASONS } from '../protocols/guest-channel/host/errors.ts';
import type { PolicySet } from '../policy/model/policy-set.ts';
import { Accountant } from '../telemetry/accounts/accountant.ts';
import { DecisionMetrics } from '../telemetry/prometheus/decision-metrics.ts';
import { registerConnectionMetrics } from '../telemetry/prometheus/connection-metrics.ts';
import { registerGuestMetrics } from '../telemetry/prometheus/guest-metrics.ts';
import { Metrics } from '../telemetry/prometheus/metrics.ts';
import { PolicyMetrics } from '../telemetry/prometheus/policy-metrics.ts';
import { History } from './history.ts';
import type { Config } from '../config/config.ts';
import { DecisionCollector } from './decisions/collector.ts';
import { DecisionLog } from './decisions/decision-log.ts';
import { HoldFile } from './hold-file.ts';
import { InfluxSink } from './influx/influx-sink.ts';
import type { Daemon } from './lifecycle.ts';
import type { Log } from '../platform/log.ts';
import { Loop } from './loop.ts';
import { LoopView } from './loop-view.ts';
import { guestCounts } from './guest-view.ts';
import { createNode } from './node.ts';
import { PanicHold } from './panic-hold.ts';
import { descriptorLimit, openDescriptorsNow } from '../platform/descriptors.ts';
import type { MarkPhase } from '../platform/watchdog/phases.ts';
import { packageVersion } from '../platform/package-root.ts';
import { SourceLog } from './source-log.ts';
import { watchReadings } from './reading-watch.ts';
import { PolicyManager, type Reload, RELOAD_RESULTS } from './policies/policy-manager.ts';
import { FileWatcher } from '../platform/file-watcher.ts';

/** Flows with the highest rates that the accounts list per tick; views may show fewer. */
const MAX_TOP_FLOWS = 100;

/**
 * Creates the daemon for a configuration. Nothing is started.
 *
 * @param mark marks what the daemon does, for the watchdog
 * @throws {PoliciesUnusable} when the policies have errors
 */
export async function createDaemon(config: Config, log: Log, mark?: MarkPhase): Promise<Daemon> {
  const clock = { now: monotonicMs, wall: () => Date.now() };
  const version = packageVersion();
  const node = createNode(config, clock, log);
  const accountant = new Accountant({ topFlows: MAX_TOP_FLOWS });
  const metrics = new Metrics({
    version,
    backends: node.backends,
    accounts: accountant.accounts,
    clock,
    topFlows: config.http.topFlows,
    descriptors: { limit: await descriptorLimit(), open: openDescriptorsNow },
  });
  registerGuestMetrics(metrics.registry, LINK_STATES, FAILURE_REASONS, node.guests);
  registerConnectionMetrics(metrics.registry, node.connections?.source);
  const policyMetrics = new PolicyMetrics(metrics.registry, RELOAD_RESULTS);
  const influx =
    config.influx === undefined
      ? undefined
      : await InfluxSink.create({
          config: config.influx,
          registry: metrics.registry,
          log,
          wall: clock.wall,
          openDescriptors: openDescriptorsNow,
          guests: node.guests === undefined ? undefined : () => guestCounts(node),
          connections: node.connections && (() => node.connections?.source.counts.all ?? []),
          uncountedPorts:
            node.connections && (() => node.connections?.source.uncountedPorts.length ?? 0),
        });
  const { collector: collectorConfig } = config.decisions;
  const collector =
    collectorConfig &&
    (await DecisionCollector.create({
      config: collectorConfig,
      version,
      registry: metrics.registry,
      log,
      wall: clock.wall,
    }));
  const policies = new PolicyManager({
    files: config.policies,
    clock,
    log,
    ...(mark === undefined ? {} : { mark }),
    onReload: (reload, inForce) => {
      observeReload(policyMetrics, reload, inForce);
      influx?.reloaded(reload, inForce);
      if (!reload.first && reload.result === 'in-force') loop.wake();
    },
  });
  const evaluator = await policies.load();
  const loop = new Loop({
    config,
    node,
    evaluator,
    clock,
    log,
    accountant,
    metrics,
    ...(mark === undefined ? {} : { mark }),
  });
  policies.attach(loop.engine);
  const watcher = new FileWatcher({
    what: 'policy files',
    files: policies.watchedFiles,
    onChange: () => policies.reloadChanged(),
    log,
  });
  const decisions = new DecisionLog({
    config: config.decisions,
    log,
    metrics: new DecisionMetrics(metrics.registry),
    wall: clock.wall,
  });
  const sourceLog = new SourceLog(log);
  loop.onTick(({ tick }) => sourceLog.observe(tick.sources, clock.now()));
  loop.onTick((report) => {
    const { evaluator } = loop.engine;
    const revisions = policies.revisionsOf(evaluator);
    decisions.observe(report, { rules: evaluator.rules, revisions });
    influx?.observe(report, loop.accounts);
  });
  decisions.onRecord((record) => {
    influx?.decision(record);
    collector?.add(record);
  });
  const history = new History();
  const hold = new PanicHold({
    engine: loop.engine,
    table: () => loop.table,
    file: new HoldFile(config.hold.file),
    wall: clock.wall,
    log,
    onRelease: () => loop.wake(),
  });
  const view = new LoopView({
    loop,
    decisions,
    history,
    hold,
    influx,
    collector,
    node,
    config,
    policies,
    watching: () => watcher.watching,
    version,
    startedAtMs: clock.now(),
    now: clock.now,
    wall: clock.wall,
  });
  loop.onTick(() => history.observe(view, clock.now()));
  let stopWatching = (): void => {};
  return {
    view,
    metrics,
    servesPageAt: (url) => view.servesPageAt(url),
    ticks: { reports: loop, version, periodMs: () => loop.periodMs },
    start: async () => {
      log.info({ node: node.description, rules: evaluator.rules.length }, 'starting');
      influx?.start();
      collector?.start();
      await node.guests?.start();
      await hold.restore();
      loop.start();
      stopWatching = watchReadings({
        name: node.flows.name,
        log: sourceLog,
        now: clock.now,
        lastTick: () => loop.lastReport?.tick,
        periodMs: () => loop.periodMs,
      });
      await watcher.start();
      // Picks up changes between the first reading and the start of the watcher.
      await policies.reloadChanged();
    },
    stop: async () => {
      stopWatching();
      try {
        await Promise.all([watcher.close(), loop.stop(config.onExit)]);
      } finally {
        await Promise.all([decisions.close(), influx?.close(), collector?.close()]);
      }
    },
  };
}

function observeReload(metrics: PolicyMetrics, reload: Reload, inForce: PolicySet): void {
  if (reload.result === 'in-force') metrics.setPoliciesInForce(inForce.policies, reload.atMs);
  else metrics.markReloadFailed();
  if (!reload.first) metrics.countReload(reload.result);
}
