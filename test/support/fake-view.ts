import { History, pointOf } from '../../daemon/history.ts';
import type { FlowPage, FlowQuery, FlowView, WhyAnswer, WhyView } from '../../api/flow-views.ts';
import type {
  BackendView,
  InfluxView,
  ShareView,
  StatusView,
  ThroughputView,
} from '../../api/status-view.ts';
import type { HoldView, ReloadView } from '../../api/command-views.ts';
import type { DecisionQuery } from '../../api/decision-query.ts';
import type { DecisionPage, DecisionRecord } from '../../api/decision-record.ts';
import type { HistoryView, NodePoint } from '../../api/history-view.ts';
import type { DaemonView } from '../../api/view.ts';

/** An offloaded flow, with overrides. */
export function flowOf(over: Partial<FlowView> = {}): FlowView {
  return {
    kind: 'megaflow',
    id: '5b1f0c7e-0000-4000-8000-000000000001',
    match: 'in_port=vm1,tcp,tcp_dst=443',
    actions: 'output uplink0',
    inPort: 'vm1',
    outPorts: ['uplink0'],
    slice: 'red',
    vm: 'web-1',
    placement: 'offload',
    entry: 'offload',
    bitsPerSecond: 1.5e9,
    packetsPerSecond: 125_000,
    bytes: 3e9,
    packets: 2e6,
    vswitchBytes: 1e9,
    carriedBytes: 2e9,
    ageMs: 16_000,
    idleMs: 2,
    placedMs: 9_000,
    requested: 'offload',
    score: 1.5e9,
    rule: 'default/elephants',
    reason: { code: 'placed', text: 'a rule requests the entry and the backend has it' },
    ...over,
  };
}

/** A slice's share of a table, with overrides. */
export function shareOf(over: Partial<ShareView> = {}): ShareView {
  return {
    slice: null,
    weight: 1,
    guaranteed: 128,
    maximum: 512,
    wanted: 900,
    share: 420,
    used: 412,
    ...over,
  };
}

/** A nearly exhausted limit of a port. */
export function throughputOf(over: Partial<ThroughputView> = {}): ThroughputView {
  return {
    name: 'p0 send',
    hard: false,
    bitsPerSecond: 1e10,
    packetsPerSecond: null,
    expectedBitsPerSecond: 9.2e9,
    expectedPacketsPerSecond: 8e5,
    ...over,
  };
}

/** The explanation of `flow`. */
export function whyOf(flow: FlowView, over: Partial<WhyView> = {}): WhyView {
  return {
    flow,
    limits: {
      tableUsed: 512,
      tableEntries: 512,
      learnedEntries: 512,
      cutoffScore: 2e9,
      divided: false,
      operationsLeft: 40,
      holdLeftMs: 0,
      retryInMs: 0,
      worth: 1900,
      threshold: 12,
      swapGain: 340,
      share: shareOf({ slice: 'red' }),
      throughput: [],
    },
    refusal: null,
    mismatch: null,
    unused: null,
    hook: null,
    connection: null,
    input: null,
    rules: [
      {
        name: 'default/elephants',
        priority: 10,
        requested: 'offload',
        shadow: false,
        verdict: true,
        condition: {
          kind: 'all',
          verdict: true,
          extent: 'all',
          of: [
            {
              kind: 'compare',
              verdict: true,
              extent: 'all',
              fact: 'bitsPerSecond',
              operator: 'greaterThan',
              expected: 1e6,
              actual: 1.5e9,
              state: 'value',
            },
          ],
        },
      },
    ],
    decisions: [],
    ...over,
  };
}

/** A decision to offload, with overrides. */
export function decisionOf(over: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    id: 'x-1',
    time: '2026-01-01T00:00:00.000Z',
    tick: 7,
    mode: 'enforce',
    flow: '5b1f0c7e-0000-4000-8000-000000000001',
    match: 'in_port=vm1,tcp,tcp_dst=443',
    from: 'onload',
    to: 'offload',
    cause: 'policy',
    rule: 'default/elephants',
    policy: 'default',
    revision: 'abcdef012345',
    requested: 'offload',
    score: 1.5e9,
    reason: 'placed',
    inputs: { bitsPerSecond: 1.5e9 },
    backend: 'emulated-nic',
    outcome: 'installed',
    ...over,
  };
}

const BACKEND: BackendView = {
  name: 'emulated-nic',
  description: 'emulated NIC table',
  placement: 'offload',
  started: true,
  error: null,
  used: 512,
  entries: 512,
  learnedEntries: 512,
  masksUsed: 3,
  unservedPorts: [],
  watchdog: null,
  virtualFunctions: [],
  closedPorts: [],
  masks: 16,
  leaseMs: 2_000,
  heartbeatMs: 1_000,
  verifiedAgeMs: 180,
  threshold: 12,
  swapGain: 340,
  operationsLeft: 40,
  shares: [
    shareOf({ guaranteed: 0, wanted: 100, share: 92, used: 100 }),
    shareOf({ slice: 'red' }),
  ],
  limits: [],
};

/** The view of a working InfluxDB. */
export function influxOf(over: Partial<InfluxView> = {}): InfluxView {
  return {
    url: 'http://127.0.0.1:8086',
    database: 'norikae',
    written: 12_345,
    queuedPoints: 80,
    queuedBytes: 16_000,
    dropped: { queue: 3, refused: 1, end: 0 },
    failures: 2,
    lastSuccess: '2026-01-01T00:00:00.000Z',
    error: null,
    ...over,
  };
}

/** The status of a healthy daemon. */
export function statusOf(over: Partial<StatusView> = {}): StatusView {
  const backend = over.backend === undefined ? BACKEND : over.backend;
  return {
    version: '0.1.0',
    pid: 4242,
    uptimeMs: 125_000,
    node: 'emulated node',
    hostCpu: 0.234,
    backend,
    backends: over.backends ?? (backend === null ? [] : [backend]),
    changes: null,
    tick: { sequence: 480, ageMs: 100, fresh: true, elapsedMs: 8, periodMs: 250 },
    sources: [
      {
        name: 'flows',
        fresh: true,
        ageMs: 100,
        failures: 0,
        error: null,
        note: null,
        costMs: 4,
        periodMs: 250,
      },
    ],
    flows: { onload: 3_000, offload: 512, 'fast-path': 0 },
    bitsPerSecond: { onload: 1.2e9, offload: 6e9, 'fast-path': 0 },
    packetsPerSecond: { onload: 1e5, offload: 5e5, 'fast-path': 0 },
    paths: {
      vswitch: { bytes: 1e9, packets: 1e6, bitsPerSecond: 1.2e9, packetsPerSecond: 1e5 },
      nic: { bytes: 5e9, packets: 4e6, bitsPerSecond: 6e9, packetsPerSecond: 5e5 },
      'fast-path': { bytes: 0, packets: 0, bitsPerSecond: 0, packetsPerSecond: 0 },
    },
    coverage: { bytes: 5 / 6, packets: 5 / 6 },
    cpuSavedCores: null,
    slices: [
      {
        name: 'red',
        weight: 1,
        flows: { onload: 1_000, offload: 412, 'fast-path': 0 },
        bitsPerSecond: { onload: 1e9, offload: 5e9, 'fast-path': 0 },
        packetsPerSecond: { onload: 9e4, offload: 4e5, 'fast-path': 0 },
        guaranteedEntries: 128,
        maximumEntries: null,
        wantedEntries: 900,
        shareEntries: 420,
        usedEntries: 412,
      },
    ],
    ports: [
      {
        name: 'vm1',
        kind: 'vm',
        vm: 'web-1',
        slice: 'red',
        rxBitsPerSecond: 1e9,
        txBitsPerSecond: 2e9,
        linkBitsPerSecond: 1e10,
        hook: { hook: 'tcx', reason: 'kernel-datapath', why: 'it has the kernel datapath' },
      },
    ],
    policies: {
      files: ['/etc/norikae/policies/default.json'],
      rules: 5,
      problems: [],
      revision: '0123456789ab',
      since: '2026-01-01T00:00:00.000Z',
      inForce: [
        {
          file: '/etc/norikae/policies/default.json',
          name: 'default',
          version: '1.0.0',
          revision: 'abcdef012345',
          mode: 'enforce',
          rules: 5,
        },
      ],
      lastReload: null,
      watching: true,
    },
    influx: null,
    collector: null,
    connections: null,
    guests: null,
    samples: { same: 1200, suspected: 1, different: 0, notComparable: 3, failed: 0 },
    held: false,
    heldSince: null,
    pageUrl: 'http://127.0.0.1:9470/',
    ...over,
  };
}

/** A view with responses that a test sets; records its calls. */
export class FakeView implements DaemonView {
  state = statusOf();
  page: FlowPage = { total: 1, matching: 1, flows: [flowOf()] };
  answer: WhyAnswer = { found: true, why: whyOf(flowOf()) };
  reloaded: ReloadView = { ok: true, rules: 5 };
  recorded: readonly DecisionRecord[] = [decisionOf()];
  /** If set, every call fails. */
  failure: Error | undefined;
  readonly asked: string[] = [];
  readonly queries: FlowQuery[] = [];
  readonly listeners = new Set<() => void>();
  readonly decisionListeners = new Set<(decision: DecisionRecord) => void>();

  /** Notifies the listeners of a tick. */
  tick(): void {
    for (const listener of this.listeners) listener();
  }

  status(): StatusView {
    return this.#did('status', this.state);
  }

  async flows(query: FlowQuery): Promise<FlowPage> {
    this.queries.push(query);
    return this.#did('flows', this.page);
  }

  async why(id: string): Promise<WhyAnswer> {
    return this.#did(`why ${id}`, this.answer);
  }

  decisions(query: DecisionQuery): DecisionPage {
    const decisions = this.recorded.filter((d) => d.flow.startsWith(query.flow));
    return this.#did('decisions', {
      kept: this.recorded.length,
      lost: 0,
      decisions: decisions.slice(0, query.limit),
    });
  }

  history(): HistoryView {
    const history = new History();
    history.observe(this, 0);
    return this.#did('history', history.view());
  }

  point(): NodePoint {
    return pointOf(this.state, 1_767_225_600_000);
  }

  /** Notifies the listeners of a decision. */
  decide(decision: DecisionRecord): void {
    for (const listener of this.decisionListeners) listener(decision);
  }

  onDecision(listener: (decision: DecisionRecord) => void): () => void {
    this.decisionListeners.add(listener);
    return () => this.decisionListeners.delete(listener);
  }

  async onloadAll(): Promise<HoldView> {
    return this.#did('onload-all', { held: true, withdrawn: 512, problem: null });
  }

  async resume(): Promise<HoldView> {
    return this.#did('resume', { held: false, withdrawn: 0, problem: null });
  }

  async reload(): Promise<ReloadView> {
    return this.#did('reload', this.reloaded);
  }

  onTick(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  #did<T>(what: string, answer: T): T {
    this.asked.push(what);
    if (this.failure !== undefined) throw this.failure;
    return answer;
  }
}
