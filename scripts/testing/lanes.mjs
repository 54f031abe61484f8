/**
 * All tests. Stages run one after another, the lanes of a stage in parallel: two of them, for a
 * machine with two cores. Tests on a real vSwitch, kernel and NIC table measure time, but mostly
 * wait, so they run in parallel with each other, before those that keep a core busy.
 *
 * @type {readonly (readonly import('./plan.mjs').LaneFolders[])[]}
 */
export const STAGES = [
  [
    { name: 'node', folders: ['node', 'lab'] },
    { name: 'devices', folders: ['adapters/nic', 'adapters/ovs', 'adapters/openflow'] },
  ],
  [
    {
      name: 'services',
      folders: ['server', 'daemon', 'dashboards', 'telemetry', 'cli', 'package'],
    },
    // All other folders.
    { name: 'pure', folders: ['policy', 'policy-tools', ''] },
  ],
  // On kernels of Debian in emulated machines, each of which keeps a core busy: two at a time.
  [
    { name: 'kernel-release', folders: ['kernel'], kernel: 'release' },
    { name: 'kernel-backports', folders: ['kernel'], kernel: 'backports' },
    {
      name: 'nic-module',
      folders: ['lab/nic-module/guest'],
      kernel: 'backports',
      after: 'kernel-release',
    },
    { name: 'kernel-lab', folders: ['lab/kernel'], after: 'kernel-backports' },
  ],
];

/**
 * The fast tests, which need no root, no servers and no kernel features. Files that import `needs` are
 * omitted. Two lanes compute; the third mostly waits for leases and time-outs.
 *
 * @type {readonly (readonly import('./plan.mjs').LaneFolders[])[]}
 */
export const FAST_STAGES = [
  [
    { name: 'policy', folders: ['policy', 'policy-tools', 'cli/policy'] },
    {
      name: 'engine',
      folders: [
        'engine',
        'telemetry',
        'protocols',
        'adapters/emulator',
        'adapters/ovs',
        'async',
        'config',
        'docs',
        'platform',
        'replay',
        'simulation',
        'text',
        'views',
      ],
    },
    {
      name: 'waiting',
      folders: [
        'adapters/nic/flower',
        'adapters/nic/ntuple',
        'adapters/nic/vf',
        'adapters/openflow',
        'scripts/testing',
      ],
    },
  ],
];

/** Pure tests that are too slow for the fast tests; npm test runs them. */
export const NOT_FAST = [
  'test/adapters/emulator/demo-table.test.ts',
  'test/adapters/emulator/engine.test.ts',
  'test/engine/loop/large-table.test.ts',
  'test/engine/forecast/accuracy.test.ts',
  'test/engine/planner/crowded-tables.test.ts',
  'test/engine/planner/quality.test.ts',
  'test/policy/compiled/differential.test.ts',
  'test/policy/compiled/planted-faults.test.ts',
  'test/policy/compiled/stock-engine.test.ts',
  // These wait for a file system, or for time-outs of a client.
  'test/platform/file-watcher.test.ts',
  'test/platform/watchdog/watchdog.test.ts',
  'test/telemetry/influx/client.test.ts',
  'test/telemetry/influx/writer.test.ts',
];

/** @type {readonly (readonly import('./plan.mjs').LaneFolders[])[]} */
export const LONG_STAGES = [[{ name: 'long', folders: [''] }]];
