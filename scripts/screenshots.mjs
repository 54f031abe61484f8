#!/usr/bin/env node
// npm run screenshots: takes screenshots of the live page of a daemon on the emulated node, for
// docs/screenshots. Needs Debian's chromium; takes about two minutes, mostly to fill the charts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { build } from './setup/build.mjs';
import { installPackages, PACKAGES } from './setup/debian.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { root } from './setup/root.mjs';
import { runScript, say, SetupFailed } from './setup/step.mjs';

/** Time for the charts to fill, ms. */
const FILL_MS = 100_000;
/** Time for a page to show the first ticks, ms. */
const SETTLE_MS = 4_000;
/** Maximum size of a screenshot, bytes. */
const MAX_BYTES = 300_000;

/** The screenshots: file, window, colour scheme, and whether a flow's explanation is open. */
const SHOTS = [
  { name: 'page-light', width: 1440, height: 1010, scheme: 'light' },
  { name: 'page-dark', width: 1440, height: 1010, scheme: 'dark' },
  { name: 'flows-why', width: 1440, height: 900, scheme: 'light', why: true },
  { name: 'phone', width: 390, height: 1150, scheme: 'light' },
];

await runScript(async () => {
  await installDependencies();
  await installPackages(PACKAGES.browser);
  await build();
  const { freePort } = await compiled('test/support/free-port.js');
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'norikae-screenshots-'));
  const daemon = spawn(
    process.execPath,
    [join(root, 'dist', 'cli', 'main.js'), 'run', '--config', await configIn(folder, port)],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = once(daemon, 'exit');
  try {
    say(`the daemon runs for ${FILL_MS / 1000} s to fill the charts`);
    await Promise.race([sleep(FILL_MS), ended]);
    if (daemon.exitCode !== null) throw new SetupFailed('the daemon exited; see its message above');
    await takeAll(`http://127.0.0.1:${port}/`);
  } finally {
    if (daemon.exitCode === null) daemon.kill('SIGTERM');
    await Promise.race([ended, sleep(8_000, undefined, { ref: false })]);
    daemon.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
});

/**
 * Imports a compiled module of this project.
 *
 * @param {string} path
 */
function compiled(path) {
  return import(pathToFileURL(join(root, 'dist', path)).href);
}

/** @param {string} url */
async function takeAll(url) {
  const target = join(root, 'docs', 'screenshots');
  await mkdir(target, { recursive: true });
  // The same browser as in the tests.
  const { startBrowser } = await compiled('test/page/support/browser.js');
  const browser = await startBrowser();
  try {
    for (const shot of SHOTS) {
      const path = join(target, `${shot.name}.png`);
      await take(browser, url, shot, path);
      const { size } = await stat(path);
      say(`${path}: ${Math.round(size / 1000)} kB`);
      if (size > MAX_BYTES) throw new SetupFailed(`${path} is larger than ${MAX_BYTES} bytes`);
    }
  } finally {
    await browser.close();
  }
}

/**
 * @param {import('../test/page/support/browser.ts').Browser} browser
 * @param {string} url
 * @param {(typeof SHOTS)[number]} shot
 * @param {string} path
 */
async function take(browser, url, { width, height, scheme, why }, path) {
  const { page, faults } = await browser.open(url, {
    viewport: { width, height },
    colorScheme: scheme === 'dark' ? 'dark' : 'light',
  });
  await page.locator('.flow[data-flow]').first().waitFor();
  if (why === true) {
    await page.getByRole('combobox', { name: 'Path' }).selectOption('NIC');
    await page.locator('#flows').evaluate((flows) => flows.scrollIntoView());
  }
  await page.waitForTimeout(SETTLE_MS);
  if (why === true) {
    await page.locator('.flow[data-flow]').nth(1).click();
    await page.locator('.sentence').waitFor();
  }
  await page.screenshot({ path });
  if (faults.length > 0) throw new SetupFailed(`the page has errors: ${faults.join('; ')}`);
}

/**
 * A configuration of an emulated node whose slices have guarantees.
 *
 * @param {string} folder
 * @param {number} port of its HTTP server
 */
async function configIn(folder, port) {
  const vms = (/** @type {number} */ slice) =>
    [0, 1, 2, 3].map((n) => ({ vm: `vm-${n * 4 + slice}` }));
  const slices = {
    blue: { members: vms(0), weight: 2, guaranteed: '25%' },
    green: { members: vms(1), weight: 2, guaranteed: '20%' },
    red: { members: vms(2), weight: 1, maximum: '30%' },
    gold: { members: vms(3), weight: 3, guaranteed: '30%', maximum: '60%' },
  };
  const shipped = await readFile(join(root, 'policies', 'default.json'), 'utf8');
  const policy = { ...JSON.parse(shipped), $schema: undefined, slices };
  await writeFile(join(folder, 'default.json'), JSON.stringify(policy));
  const config = {
    node: {
      adapter: 'emulator',
      emulator: { seed: 1, vms: 16, slices: Object.keys(slices), load: 0.25 },
    },
    backend: { adapter: 'emulator', entries: 1_000, masks: 16 },
    policies: ['default.json'],
    http: { port },
    control: { path: join(folder, 'control.sock') },
  };
  const file = join(folder, 'norikae.json');
  await writeFile(file, JSON.stringify(config));
  return file;
}
