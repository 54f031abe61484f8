// Who may import whom: the one table that `npm run check` enforces and docs/architecture.md shows.

/**
 * One layer. A file belongs to the layer with the longest matching folder; imports within a layer
 * are always allowed.
 */
export interface Layer {
  /** Relative to the package; includes sub-folders without a separate row. */
  readonly folder: string;
  /** Its content. */
  readonly holds: string;
  /** Folders of the layers that it may import; `*`: all. */
  readonly imports: readonly string[];
  /** Why it may not import more. */
  readonly why: string;
  /** npm packages and `node:` modules that it may import, types included. */
  readonly packages: 'none' | 'any' | readonly string[];
}

const MODEL = ['engine/model'];
const PORTS = ['engine/model', 'engine/ports'];
const ENGINE = [
  'engine/model',
  'engine/ports',
  'engine/forecast',
  'engine/planner',
  'engine/reconcile',
  'engine/loop',
];
const POLICY_MODEL = [...PORTS, 'policy/model'];

export const LAYERS: readonly Layer[] = [
  {
    folder: 'text',
    holds: 'JSON with positions, nearest names, number formats, error messages',
    imports: [],
    why: 'text knows nothing of Norikae, so that every layer, the page included, can use it',
    packages: ['jsonc-parser', 'ajv'],
  },
  {
    folder: 'async',
    holds: 'serial queue, deadlines, backoff, yielding to the event loop',
    imports: [],
    why: 'concurrency helpers know nothing of Norikae, so that every layer can use them',
    packages: ['node:timers/promises'],
  },
  {
    folder: 'platform',
    holds: 'log, terminal, text tables, files with secrets, file descriptors, systemd, watchdog',
    imports: ['text', 'async'],
    why: 'the platform serves the command line and the daemon and knows neither',
    packages: 'any',
  },
  {
    folder: 'engine/model',
    holds: 'the vocabulary: flow id, match, action, flow table, port, tick, reason, refusal',
    imports: [],
    why: 'everything is built on the model, so it is built on nothing',
    packages: 'none',
  },
  {
    folder: 'engine/ports',
    holds:
      'interfaces to the outside: flow source, flow lookup, flow verifier, port directory, host source, rule evaluator, offload backend, change monitor, clock',
    imports: [...MODEL],
    why: 'an interface must not know who implements it',
    packages: 'none',
  },
  {
    folder: 'engine/forecast',
    holds: 'the expected traffic of each flow; the scarce resource of the node',
    imports: [...MODEL],
    why: 'a forecast is made from the flow table alone',
    packages: 'none',
  },
  {
    folder: 'engine/planner',
    holds: 'requested placements + table budget + slices -> a plan with a reason for every flow',
    imports: [...PORTS],
    why: 'a plan must not depend on how it is carried out',
    packages: 'none',
  },
  {
    folder: 'engine/reconcile',
    holds: 'plan + what is installed -> operations; retry, adoption, audit',
    imports: [...PORTS, 'engine/planner'],
    why: 'the reconciler carries out a plan and must not decide anything itself',
    packages: 'none',
  },
  {
    folder: 'engine/loop',
    holds: 'one tick, from rules to operations; a controller for each backend; the tick report',
    imports: [...PORTS, 'engine/forecast', 'engine/planner', 'engine/reconcile', 'async', 'text'],
    why: 'the loop reaches the outside through engine/ports alone, so that it can be simulated',
    packages: 'none',
  },
  {
    folder: 'policy/model',
    holds: 'the model of a policy: conditions, facts, units, rules, slices, schedules',
    imports: [...PORTS, 'text'],
    why: 'each phase of the policy language builds on the model, so it builds on none of them',
    packages: ['node-cron'],
  },
  {
    folder: 'policy/facts',
    holds: 'the catalogue of facts: type, unit, source, reader and column of each',
    imports: [...POLICY_MODEL],
    why: 'a fact reads a flow; it must not know how rules are checked or evaluated',
    packages: 'none',
  },
  {
    folder: 'policy/operators',
    holds: 'the catalogue of operators and their decorators',
    imports: [...POLICY_MODEL],
    why: 'an operator compares values; it must not know how rules are checked or evaluated',
    packages: ['re2js'],
  },
  {
    folder: 'policy/document',
    holds: 'a policy document as written: its schema, its literals, the names it declares',
    imports: [...POLICY_MODEL, 'policy/facts', 'policy/operators', 'text'],
    why: 'a document is read before it is known to be correct',
    packages: 'none',
  },
  {
    folder: 'policy/check',
    holds: 'checks of a document, with positions and advice',
    imports: [...POLICY_MODEL, 'policy/facts', 'policy/operators', 'policy/document', 'text'],
    why: 'checks come before evaluation and must not depend on it',
    packages: ['ajv', 'node-cron'],
  },
  {
    folder: 'policy/parse',
    holds: 'correct documents -> the rules in order',
    imports: [
      ...POLICY_MODEL,
      'policy/facts',
      'policy/operators',
      'policy/document',
      'policy/check',
      'text',
    ],
    why: 'rules are parsed the same way, whichever evaluator runs them',
    packages: ['node:crypto'],
  },
  {
    folder: 'policy/json-rules',
    holds: 'json-rules-engine: node rules, asynchronous facts',
    imports: [...POLICY_MODEL, 'policy/facts', 'policy/operators', 'async'],
    why: 'json-rules-engine is loaded only where it decides; flow rules are compiled',
    packages: ['json-rules-engine'],
  },
  {
    folder: 'policy/trace',
    holds: 'explanations: each condition with its verdict and the values it read',
    imports: [...POLICY_MODEL, 'policy/operators'],
    why: 'an explanation reads what an evaluation reads and must not influence it',
    packages: 'none',
  },
  {
    folder: 'policy/state',
    holds: 'what rules remember from tick to tick',
    imports: [...POLICY_MODEL, 'policy/facts', 'policy/json-rules', 'async'],
    why: 'state is updated once a tick, before rules are evaluated',
    packages: 'none',
  },
  {
    folder: 'policy/compiled',
    holds: 'flow rules compiled to loops over columns',
    imports: [
      ...POLICY_MODEL,
      'policy/facts',
      'policy/operators',
      'policy/json-rules',
      'policy/state',
      'policy/trace',
      'async',
    ],
    why: 'the evaluator gets correct rules and must not check documents',
    packages: 'none',
  },
  {
    folder: 'protocols',
    holds: 'OpenFlow, OVSDB, unixctl, netlink: codecs and connections',
    imports: ['async', 'text'],
    why: 'a protocol knows nothing of Norikae, so that it can be read and tested alone',
    packages: 'any',
  },
  {
    folder: 'protocols/guest-channel',
    holds: 'the channel between a host and the agent in its guest: messages, sessions',
    imports: ['async', 'text'],
    why: 'the agent in a guest uses it, too, and has no packages there',
    packages: ['node:crypto'],
  },
  {
    folder: 'guest',
    holds: 'the agent in a guest: rules through tc, their lease, transports',
    imports: ['protocols/guest-channel', 'async', 'text'],
    why: 'guests run the agent without packages and native addons, and know nothing of the host',
    packages: [
      'node:child_process',
      'node:crypto',
      'node:fs',
      'node:fs/promises',
      'node:path',
      'node:util',
    ],
  },
  {
    folder: 'telemetry',
    holds: 'sources -> ticks (RxJS), rates, freshness',
    imports: [...ENGINE, 'async', 'text'],
    why: 'telemetry meets devices through engine/ports, so that an emulated node is read like a real one',
    packages: ['rxjs'],
  },
  {
    folder: 'telemetry/accounts',
    holds: 'sums of each tick, computed once for all sinks and views',
    imports: [...ENGINE],
    why: 'sums are computed from ticks and reports, and do not depend on their readers',
    packages: 'none',
  },
  {
    folder: 'telemetry/prometheus',
    holds: 'the sums as text for a scrape',
    imports: [...ENGINE, 'telemetry/accounts', 'text'],
    why: 'a sink shows sums and must not make its own',
    packages: ['prom-client', 'node:perf_hooks'],
  },
  {
    folder: 'telemetry/influx',
    holds: 'the sums as lines in a bounded queue',
    imports: [...ENGINE, 'telemetry/accounts', 'async', 'text'],
    why: 'a sink shows sums and must not make its own',
    packages: ['influx', 'prom-client', 'node:http', 'node:https', 'node:timers/promises'],
  },
  {
    folder: 'adapters/emulator',
    holds: 'an emulated node: traffic, vSwitch, NIC table, fast path',
    imports: [...PORTS, 'async', 'text'],
    why: 'an adapter implements engine/ports and never imports another adapter',
    packages: 'any',
  },
  {
    folder: 'adapters/host',
    holds: 'CPU and ports of a Linux host',
    imports: [...PORTS, 'async', 'text'],
    why: 'an adapter implements engine/ports and never imports another adapter',
    packages: 'any',
  },
  {
    folder: 'adapters/nic/core',
    holds:
      'NIC tables in BPF maps: entries, masks, ports, counters, lease, pins, whatever the hook',
    imports: [...PORTS, 'protocols', 'async', 'text'],
    why: 'what NIC tables share knows none of them',
    packages: 'any',
  },
  {
    folder: 'adapters/nic/xdp',
    holds: 'the NIC table as XDP: attachment, redirect targets, proof of checksums',
    imports: [...PORTS, 'adapters/nic/core', 'protocols', 'async', 'text'],
    why: 'an adapter of a NIC table imports what they share, and never another adapter',
    packages: 'any',
  },
  {
    folder: 'adapters/nic/tcx',
    holds: 'the NIC table at tcx ingress: attachment by links, rewriting of skbs',
    imports: [...PORTS, 'adapters/nic/core', 'protocols', 'async', 'text'],
    why: 'an adapter of a NIC table imports what they share, and never another adapter',
    packages: 'any',
  },
  {
    folder: 'adapters/nic/flower',
    holds: 'the table of a switchdev NIC, or of tc in software: rules of tc flower',
    imports: [...PORTS, 'adapters/nic/core', 'protocols', 'async', 'text'],
    why: 'an adapter of a NIC table imports what they share, and never another adapter',
    packages: 'any',
  },
  {
    folder: 'adapters/nic/host',
    holds: 'the NIC table of a host: XDP or tcx, chosen for each port',
    imports: [
      ...PORTS,
      'adapters/nic/core',
      'adapters/nic/xdp',
      'adapters/nic/tcx',
      'protocols',
      'async',
      'text',
    ],
    why: 'it chooses between the hooks, which know nothing of each other',
    packages: 'any',
  },
  {
    folder: 'adapters/openflow',
    holds: 'the fast path: rules of the OpenFlow switch, flow monitors',
    imports: [...PORTS, 'protocols', 'async', 'text'],
    why: 'an adapter implements engine/ports and never imports another adapter',
    packages: 'any',
  },
  {
    folder: 'adapters/ovs',
    holds: 'Open vSwitch: datapath flows and ports',
    imports: [...PORTS, 'protocols', 'async', 'text'],
    why: 'an adapter implements engine/ports and never imports another adapter',
    packages: 'any',
  },
  {
    folder: 'simulation',
    holds: 'a vSwitch and backends in memory, a simulated clock',
    imports: [...ENGINE, 'policy', 'telemetry'],
    why: 'a simulation runs the real engine and touches no device',
    packages: ['node:net'],
  },
  {
    folder: 'api',
    holds:
      'types of the API: status, flows, decisions; queries, guards, and texts that page and commands share',
    imports: [...ENGINE, 'telemetry', 'async', 'text'],
    why: 'the API is the contract of page, command line and server',
    packages: 'none',
  },
  {
    folder: 'views',
    holds: 'conversion of ticks to types of the API and to text',
    imports: [...ENGINE, 'telemetry', 'api', 'async', 'text', 'platform'],
    why: 'a view shows decisions and must not reach the daemon',
    packages: 'none',
  },
  {
    folder: 'policy-tools',
    holds: 'policy test, diff and explain; reading policy files',
    imports: [
      ...ENGINE,
      'policy',
      'telemetry',
      'adapters/emulator',
      'simulation',
      'api',
      'views',
      'platform',
      'async',
      'text',
    ],
    why: 'authors test policies without a daemon',
    packages: 'any',
  },
  {
    folder: 'replay',
    holds: 'recordings, flow records and captures through the real engine; reports',
    imports: [...ENGINE, 'policy', 'telemetry', 'simulation', 'platform', 'async', 'text'],
    why: 'replay needs no daemon and no device',
    packages: 'any',
  },
  {
    folder: 'config',
    holds: 'the configuration file: schema, defaults, checks',
    imports: ['protocols', 'platform', 'text'],
    why: 'a configuration is checked before anything is started',
    packages: 'any',
  },
  {
    folder: 'server',
    holds: 'the HTTP server, which is read-only; the control socket, which can change state',
    imports: [
      ...ENGINE,
      'telemetry',
      'replay',
      'config',
      'api',
      'views',
      'platform',
      'async',
      'text',
    ],
    why: 'a server answers through the API and must not reach the daemon',
    packages: 'any',
  },
  {
    folder: 'page',
    holds: 'the live page, for a browser',
    imports: ['engine/model', 'api', 'text'],
    why: 'a browser can run only modules without Node',
    packages: ['uplot', 'htm'],
  },
  {
    folder: 'daemon',
    holds: 'wiring, lifecycle, policy manager, decision log',
    imports: [
      ...ENGINE,
      'policy',
      'protocols',
      'telemetry',
      'adapters',
      'policy-tools',
      'replay',
      'config',
      'api',
      'views',
      'server',
      'platform',
      'async',
      'text',
    ],
    why: 'the daemon is wired in one place, below the command line',
    packages: 'any',
  },
  {
    folder: 'doctor/model',
    holds: 'facts about a host, and checks of them',
    imports: [...MODEL],
    why: 'gathering and judging meet in the model, so it knows neither',
    packages: 'none',
  },
  {
    folder: 'doctor/checks',
    holds: 'checks: from facts to what stands in the way, and what to do about it',
    imports: [...MODEL, 'doctor/model'],
    why: 'a check judges facts and looks at nothing itself, so that any host can be a fixture',
    packages: 'none',
  },
  {
    folder: 'doctor/gather',
    holds: 'facts, read through adapters and protocols',
    imports: [...PORTS, 'doctor/model', 'protocols', 'adapters', 'async', 'text'],
    why: 'facts are read without a daemon and without a judgement',
    packages: 'any',
  },
  {
    folder: 'cli',
    holds: 'the commands',
    imports: [
      ...ENGINE,
      'policy',
      'protocols',
      'policy-tools',
      'simulation',
      'replay',
      'config',
      'api',
      'views',
      'server',
      'daemon',
      'doctor',
      'platform',
      'async',
      'text',
    ],
    why: 'a command talks to the daemon or runs it; adapters and telemetry are behind both',
    packages: 'any',
  },
  around(
    'lab',
    "a node of namespaces with a private Open vSwitch, Debian's kernels in emulated machines, a NIC in software, and experiments",
  ),
  around('bench', 'measurements, each beside a named peer in the same run'),
  around('dashboards', 'rules and alerts for Prometheus, dashboards for Grafana'),
  around('scripts', 'set-up, checks and generators'),
  around('test', 'tests, fixtures and contract suites'),
];

/** A folder around the product: it may use all of the product, and the product must not use it. */
function around(folder: string, holds: string): Layer {
  const why = 'measurements and tests may use any part of the product';
  return { folder, holds, imports: ['*'], why, packages: 'any' };
}
