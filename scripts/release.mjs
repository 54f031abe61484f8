#!/usr/bin/env node
// npm run release -- [--tag vVERSION] [--folder FOLDER]: packs the package with the BPF object, and
// writes its checksum to the same folder. It uploads nothing.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildBpf } from './setup/bpf.mjs';
import { build } from './setup/build.mjs';
import { installPackages, PACKAGES } from './setup/debian.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { root } from './setup/root.mjs';
import { runScript, say, SetupFailed, step } from './setup/step.mjs';

const PACK_MS = 5 * 60_000;

await runScript(async () => {
  const { tag, folder: given } = parseArgs({
    options: { tag: { type: 'string' }, folder: { type: 'string', default: 'artefacts' } },
  }).values;
  const folder = resolve(given);
  const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  if (tag !== undefined) await checkTag(tag, version);
  await installDependencies();
  await installPackages(PACKAGES.xdp);
  // `npm pack` also builds, but tolerates a missing BPF object; a release does not.
  await build();
  await buildBpf();
  await mkdir(folder, { recursive: true });
  const pack = ['pack', '--pack-destination', folder];
  await step('npm pack', 'npm', pack, { timeoutMs: PACK_MS });
  const file = `${name}-${version}.tgz`;
  const sum = createHash('sha256')
    .update(await readFile(join(folder, file)))
    .digest('hex');
  await writeFile(join(folder, 'SHA256SUMS'), `${sum}  ${file}\n`);
  say(`${join(folder, file)}\n  sha256 ${sum}`);
});

/**
 * @param {string} tag
 * @param {string} version of package.json
 * @throws {SetupFailed} when the tag is for another version, or the changelog lacks the version
 */
async function checkTag(tag, version) {
  if (tag !== `v${version}`) {
    throw new SetupFailed(`the tag is ${tag}, package.json has version ${version}`);
  }
  const changelog = await readFile(join(root, 'CHANGELOG.md'), 'utf8');
  if (!changelog.includes(`\n## [${version}]`)) {
    throw new SetupFailed(`CHANGELOG.md has no heading for ${version}`);
  }
}
