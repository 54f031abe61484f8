import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

const DELAY_RESOLUTION_MS = 20;

/** File descriptors of the process; infinite where they are not known or used up. */
export interface Descriptors {
  readonly limit: number;
  readonly open: () => number;
}

/** Metrics of the daemon's process; `process_*` names follow the convention of exporters. */
export function registerProcessMetrics(
  registry: Registry,
  version: string,
  descriptors?: Descriptors,
): void {
  const registers = [registry];
  new Gauge({
    name: 'norikae_build_info',
    help: 'Version of the daemon and of Node; always 1.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version, node_version: process.versions.node }, 1);
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process, seconds since 1970.',
    registers,
  }).set(Math.round(Date.now() / 1000 - process.uptime()));
  const cpu: Counter = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, user and system.',
    registers,
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
  });
  const memory: Gauge = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process.',
    registers,
    collect: () => memory.set(process.memoryUsage.rss()),
  });
  if (descriptors !== undefined && Number.isFinite(descriptors.limit)) {
    registerDescriptors(registry, descriptors);
  }
  const delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  delays.enable();
  const delay: Gauge = new Gauge({
    name: 'norikae_event_loop_delay_seconds',
    help: 'Longest delay of a timer by the event loop since the last scrape.',
    registers,
    collect: () => delay.set(longestDelay(delays)),
  });
}

function registerDescriptors(registry: Registry, { limit, open }: Descriptors): void {
  const registers = [registry];
  new Gauge({
    name: 'process_max_fds',
    help: 'Maximum number of open file descriptors.',
    registers,
  }).set(limit);
  const used: Gauge = new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors, including those in reserve for the control socket.',
    registers,
    collect: () => used.set(Math.min(limit, open())),
  });
}

/** Maximum delay beyond the timer's period since the last call, s; resets the histogram. */
function longestDelay(delays: IntervalHistogram): number {
  const seconds = Math.max(0, delays.max / 1e9 - DELAY_RESOLUTION_MS / 1000);
  const measured = delays.count > 0;
  delays.reset();
  return measured ? seconds : 0;
}
