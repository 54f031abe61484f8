/**
 * All tests. Stages run one after another, the lanes of a stage side by side: two of them, which a
 * machine with two cores can carry. Tests on a real vSwitch, kernel and NIC filter measure time but
 * wait for most of it, so they run beside each other, and before those that keep a core busy.
 *
 * @type {readonly (readonly import('./plan.mjs').LaneFolders[])[]}
 */
export const STAGES = [
  [
    { name: 'node', folders: ['node'] },
    { name: 'devices', folders: ['adapters/nic', 'adapters/ovs', 'adapters/openflow', 'lab'] },
  ],
  [
    {
      name: 'services',
      folders: ['server', 'daemon', 'dashboards', 'telemetry', 'cli', 'package'],
    },
    // All that no other lane names.
    { name: 'pure', folders: ['policy', 'policy-tools', ''] },
  ],
];

/**
 * The fast tests: what needs neither root, nor servers, nor anything of the kernel. Files that ask
 * what is on the machine are left out.
 *
 * @type {readonly (readonly import('./plan.mjs').LaneFolders[])[]}
 */
export const FAST_STAGES = [
  [
    { name: 'policy', folders: ['policy', 'policy-tools', 'cli/policy', 'replay'] },
    {
      name: 'engine',
      folders: [
        'engine',
        'telemetry',
        'protocols',
        'adapters/emulator',
        'adapters/openflow',
        'adapters/ovs',
        'async',
        'config',
        'docs',
        'platform',
        'scripts/testing',
        'simulation',
        'text',
        'views',
      ],
    },
  ],
];

/** Pure, but too slow for the fast tests; they run with all others. */
export const NOT_FAST = [
  'test/adapters/emulator/engine.test.ts',
  'test/policy/compiled/differential.test.ts',
  'test/policy/compiled/planted-faults.test.ts',
  'test/policy/compiled/stock-engine.test.ts',
  // They wait for a file system, or for the time-outs of a client of a server.
  'test/platform/file-watcher.test.ts',
  'test/telemetry/influx/client.test.ts',
  'test/telemetry/influx/writer.test.ts',
];

/** @type {readonly (readonly import('./plan.mjs').LaneFolders[])[]} */
export const LONG_STAGES = [[{ name: 'long', folders: [''] }]];
