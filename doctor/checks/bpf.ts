import { type Check, failed, passed } from '../model/check.ts';
import type { HostFacts, ProgramName } from '../model/facts.ts';
import { isSeen } from '../model/seen.ts';
import { neededHooks, programAt } from './hooks.ts';
import { notSeen } from './not-seen.ts';

const TITLES: Readonly<Record<ProgramName, string>> = {
  xdp: 'XDP program',
  tcx: 'tcx program',
  flower: 'gate program',
};

const MOUNT = 'mount -t bpf bpf /sys/fs/bpf';

/** Checks of libbpf, the BPF file system, and what the kernel accepts. */
export function bpfChecks(facts: HostFacts): readonly Check[] {
  const { bpf } = facts;
  const hooks = neededHooks(facts);
  const programs = [...new Set([...hooks].map(programAt))].toSorted();
  return [
    isSeen(bpf.libbpf)
      ? passed('libbpf', bpf.libbpf.value)
      : failed('libbpf', bpf.libbpf.unseen, 'apt-get install libbpf1 (version 1.0 or later)'),
    fileSystem(facts),
    compiler(facts),
    maps(facts),
    ...programs.map((name) => {
      const program = bpf.programs[name];
      if (isSeen(program)) return passed(TITLES[name], 'the kernel accepts it');
      const remedy =
        'use the kernel that docs/operations.md requires; npm run build:bpf compiles it';
      return notSeen(TITLES[name], program, remedy);
    }),
    ...(hooks.has('tcx') ? [tcx(facts)] : []),
  ];
}

function fileSystem({ bpf: { pins }, settings: { pinPath }, system }: HostFacts): Check {
  const name = 'BPF file system';
  if (!isSeen(pins)) return notSeen(name, pins, MOUNT);
  const { folder, isBpf, writable } = pins.value;
  if (!isBpf) return failed(name, `${pinPath} would be on ${folder}, which is not one`, MOUNT);
  if (writable) return passed(name, `${folder}, for ${pinPath}`);
  const found = `${folder} is not writable`;
  return system.isRoot
    ? failed(name, found, `mount -o remount,rw ${folder}`)
    : notSeen(name, { unseen: found, isDenied: true }, '');
}

function compiler({ bpf: { jit } }: HostFacts): Check {
  const name = 'BPF compiler';
  const remedy = 'sysctl net.core.bpf_jit_enable=1';
  if (!isSeen(jit)) return notSeen(name, jit, remedy);
  if (jit.value === false) return failed(name, 'off: programs are interpreted, slowly', remedy);
  return passed(name, jit.value === true ? 'on' : 'not configurable here');
}

function maps({ bpf: { refusedMaps } }: HostFacts): Check {
  const name = 'BPF maps';
  const remedy = 'use a kernel with CONFIG_BPF_SYSCALL, Linux 5.18 or later';
  if (!isSeen(refusedMaps)) return notSeen(name, refusedMaps, remedy);
  const refused = refusedMaps.value;
  if (refused.length === 0) return passed(name, 'the kernel creates every needed type');
  return failed(name, `the kernel refuses: ${refused.join(', ')}`, remedy);
}

function tcx({ bpf: { knowsTcx }, system }: HostFacts): Check {
  const name = 'tcx';
  const remedy = 'boot Linux 6.6 or later, or set backend.adapter to "auto"';
  if (!isSeen(knowsTcx)) return notSeen(name, knowsTcx, remedy);
  return knowsTcx.value
    ? passed(name, 'the kernel has it')
    : failed(name, `Linux ${system.release} does not have it`, remedy);
}
