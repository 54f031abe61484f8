import { counted } from '../../../text/format.ts';
import { type Cell, type LaneRun, otherOf, type Profile, type Sample } from '../model/cells.ts';
import { gbit, percent } from './texts.ts';

/** CPUs that are busier than this are the limit. */
const FULL = 0.95;
/** With more of the CPUs taken by other work, CPU time cannot be compared. */
const DISTURBED = 0.1;

/** The parts of busy CPU time, by what a reader knows them as. */
const PARTS: readonly { readonly name: string; readonly share: (p: Profile) => number }[] = [
  { name: 'VMs and other ends', share: (p) => p.guests },
  { name: 'vSwitch', share: (p) => p.vswitch },
  { name: 'ksoftirqd', share: (p) => p.ksoftirqd },
  { name: 'daemon', share: (p) => p.daemon },
  { name: 'all else', share: (p) => p.other + p.lab },
];

/** What a report says about the placements of a lane. */
export interface Verdict {
  readonly summary: string;
  /** A sentence for each setting in which offload is not ahead: how far, what limits it, where CPU time goes. */
  readonly shortfalls: readonly string[];
}

/**
 * Where offload is not ahead of onload, in throughput or in CPU time at the same rate. Beside other work, CPU
 * time is not compared.
 */
export function verdictOf(cells: readonly Cell[], run: LaneRun): Verdict {
  const disturbed = run.otherWork.median > DISTURBED;
  const shortfalls = cells
    .filter(({ lane, placement }) => lane === run.lane && placement === 'offload')
    .flatMap((offload) => {
      const onload = otherOf(cells, offload);
      const cpu = disturbed ? undefined : dearer(offload, onload, run);
      return [slower(offload, onload, run), cpu];
    })
    .filter((text) => text !== undefined);
  const measures = disturbed ? 'throughput' : 'throughput and in CPU time at the same rate';
  const outcome =
    shortfalls.length === 0
      ? `Offload is ahead everywhere, in ${measures}.`
      : 'Where offload is not ahead:';
  return { summary: disturbed ? `${disturbance(run)} ${outcome}` : outcome, shortfalls };
}

function slower(offload: Cell, onload: Cell, { machine }: LaneRun): string | undefined {
  if (offload.bitsPerSecond > onload.bitsPerSecond) return undefined;
  const ratio = (offload.bitsPerSecond / onload.bitsPerSecond).toFixed(2);
  const busy = percent(offload.busyCpu);
  const limit =
    offload.busyCpu >= FULL
      ? `the CPUs are its limit (${busy} busy)`
      : `the CPUs are not its limit (${busy} busy; ${percent(offload.profile.softirq)} in softirqs)`;
  return (
    `${settingOf(offload)}: offload carries ${ratio} times as much as onload; ${limit}. ` +
    costs(offload, onload, machine.cpus)
  );
}

function dearer(offload: Cell, onload: Cell, { machine }: LaneRun): string | undefined {
  const [off, on] = [offload.atFixedRate, onload.atFixedRate];
  if (off.busyCpu < on.busyCpu) return undefined;
  return (
    `${settingOf(offload)}: at ${gbit(off.bitsPerSecond)} Gbit/s, ${percent(off.busyCpu)} of the CPUs ` +
    `are busy with offload and ${percent(on.busyCpu)} with onload. ` +
    costs(off, on, machine.cpus)
  );
}

function settingOf({ mtu, ports, vms, direction }: Cell): string {
  return `MTU ${mtu}, ${counted(ports, 'port')}, ${counted(vms, 'VM')}, ${direction}`;
}

/** CPU time per Gbit of each part, the one that grew most first. */
function costs(offload: Sample, onload: Sample, cpus: number): string {
  const parts = PARTS.map(({ name, share }) => {
    const [off, on] = [offload, onload].map((sample) =>
      msPerGbit(share(sample.profile), sample, cpus),
    );
    return { name, off, on };
  });
  const texts = parts
    .toSorted((a, b) => b.off - b.on - (a.off - a.on))
    .map(({ name, off, on }) => `${name} ${off.toFixed(0)} ms (onload ${on.toFixed(0)} ms)`);
  return `CPU time per Gbit: ${texts.join(', ')}.`;
}

function msPerGbit(share: number, { bitsPerSecond }: Sample, cpus: number): number {
  return (share * cpus * 1_000) / (bitsPerSecond / 1e9);
}

function disturbance({ otherWork }: LaneRun): string {
  const median = percent(otherWork.median);
  return `Other work took ${median} of the CPUs: throughputs are too low, and CPU time is not compared.`;
}
