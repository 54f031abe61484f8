#!/usr/bin/env node
// npm test: sets everything up that this machine allows, then runs mocha on what was built.
// Arguments go to mocha; a file or folder under test/ runs that alone. Tests whose needs are not
// met are skipped, with the reason, and counted.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { buildBpf, mountBpffs } from './setup/bpf.mjs';
import { build } from './setup/build.mjs';
import { installPackages, PACKAGES } from './setup/debian.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { isRoot, root } from './setup/root.mjs';
import { runScript, say, SetupFailed } from './setup/step.mjs';

/**
 * Tests on a real vSwitch, kernel and NIC filter go first: they start processes all the time, which
 * takes the longer the more memory this process has got from the others by then. What is named twice
 * runs once.
 */
const IN_ORDER = [
  'dist/test/{host,lab,nic,node,openflow,ovs}/**/*.test.js',
  'dist/test/**/*.test.js',
];

await runScript(async () => {
  await installDependencies();
  await build();
  await setUpTheMachine();
  const folder = await mkdtemp(join(tmpdir(), 'norikae-test-'));
  const counts = process.env.NORIKAE_TEST_COUNTS ?? join(folder, 'counts.json');
  try {
    process.exitCode = await mocha(process.argv.slice(2), counts);
    if (process.exitCode === 0) await checkCounts(counts);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function setUpTheMachine() {
  if (!isRoot) say('not root: tests on a real vSwitch and a real NIC filter will be skipped');
  for (const attempt of [
    () => installPackages(Object.values(PACKAGES).flat()),
    mountBpffs,
    buildBpf,
  ]) {
    try {
      await attempt();
    } catch (error) {
      if (!(error instanceof SetupFailed)) throw error;
      say(`${error.message}\n  (tests that need it will be skipped)`);
    }
  }
}

/**
 * @param {readonly string[]} args
 * @param {string} counts file for the counts
 * @returns {Promise<number>} mocha's exit code
 */
function mocha(args, counts) {
  const specs = args.flatMap((arg) => {
    const path = relative(root, join(process.cwd(), arg));
    if (!/^test(\/|$)/.test(path)) return [];
    return [path.endsWith('.ts') ? `dist/${path.slice(0, -3)}.js` : `dist/${path}/**/*.test.js`];
  });
  const others = args.filter(
    (arg) => !/^test(\/|$)/.test(relative(root, join(process.cwd(), arg))),
  );
  const all = [
    join(root, 'node_modules', 'mocha', 'bin', 'mocha.js'),
    '--reporter',
    join(root, 'scripts', 'test-reporter.mjs'),
    ...others,
    ...(specs.length === 0 ? IN_ORDER : specs),
  ];
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NORIKAE_TEST_COUNTS: counts };
    const child = spawn(process.execPath, all, { cwd: root, env, stdio: 'inherit' });
    // Mocha hears a Ctrl-C itself and cleans up; we wait for it.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** @param {string} file */
async function checkCounts(file) {
  const { passed, failed } = JSON.parse(await readFile(file, 'utf8'));
  if (passed + failed === 0) throw new SetupFailed('no test was run');
}
