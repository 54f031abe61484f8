// Compiles the BPF programs below dist/adapters/nic when their sources are newer.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Headers that all programs include. */
const SHARED = join(root, 'adapters/nic/core/bpf');

/** The objects: the source, in the folder of its adapter, and what is made of it. */
const PROGRAMS = [
  ['xdp', 'norikae'],
  ['xdp', 'bound'],
  ['tcx', 'norikae'],
  ['flower', 'norikae'],
  ['meter', 'norikae'],
].map(([adapter, name]) => ({
  source: join(root, 'adapters/nic', adapter, 'bpf', `${name}.bpf.c`),
  target: join(root, 'dist/adapters/nic', adapter, `${name}.bpf.o`),
}));

/** @param {{ source: string, target: string }} program */
function isFresh({ source, target }) {
  if (!existsSync(target)) return false;
  const built = statSync(target).mtimeMs;
  return [SHARED, dirname(source)].every((folder) =>
    readdirSync(folder).every((file) => statSync(join(folder, file)).mtimeMs <= built),
  );
}

/** Debian's architecture names by Node's. @type {Readonly<Record<string, string>>} */
const MACHINES = { x64: 'x86_64', arm64: 'aarch64' };

/** Folder of <asm/types.h> on Debian and Ubuntu; other systems have it in the default path. */
function multiarchInclude() {
  const machine = MACHINES[process.arch] ?? process.arch;
  return join('/usr/include', `${machine}-linux-gnu`);
}

/** @param {NodeJS.ErrnoException | undefined} error */
function isAbsent(error) {
  return error?.code === 'ENOENT';
}

/** @returns {string | undefined} the problem; undefined: the programs are up to date */
export function buildBpf() {
  for (const program of PROGRAMS) {
    const problem = isFresh(program) ? undefined : compile(program);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/**
 * @param {{ source: string, target: string }} program
 * @returns {string | undefined} the problem
 */
function compile({ source, target }) {
  if (!existsSync('/usr/include/bpf/bpf_helpers.h')) {
    return 'the headers of libbpf are missing: apt-get install libbpf-dev';
  }
  mkdirSync(dirname(target), { recursive: true });
  const scratch = `${target}.${process.pid}`;
  const includes = ['-I', SHARED, '-I', multiarchInclude()];
  const flags = ['-O2', '-g', '-target', 'bpf', '-Wall', '-Werror', ...includes];
  const clang = spawnSync('clang', [...flags, '-c', source, '-o', scratch], { encoding: 'utf8' });
  if (isAbsent(clang.error)) return 'clang is missing: apt-get install clang llvm';
  if (clang.status !== 0) return `clang failed:\n${clang.stderr}`;
  // BTF stays, which libbpf needs; DWARF goes, which is half of the file.
  const strip = spawnSync('llvm-strip', ['--strip-debug', scratch], { encoding: 'utf8' });
  if (isAbsent(strip.error)) return 'llvm-strip is missing: apt-get install llvm';
  if (strip.status !== 0) return `llvm-strip failed:\n${strip.stderr}`;
  // Renamed into place, so that no process loads an incomplete file.
  renameSync(scratch, target);
  return undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problem = buildBpf();
  if (problem === undefined) {
    for (const { target } of PROGRAMS) console.log(relative(root, target));
  } else {
    console.error(`build-bpf: ${problem}`);
    process.exitCode = 1;
  }
}
