import type { LaneRun } from '../model/cells.ts';

/** A rate in Gbit/s, without the unit. */
export function gbit(bitsPerSecond: number): string {
  return (bitsPerSecond / 1e9).toFixed(2);
}

/** A share as text. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/** The machine, the vSwitch and the backend in one line. */
export function machineOf({ machine }: LaneRun): string {
  const { model, cpus, kernel, vswitch, backend } = machine;
  return `${model}, ${cpus} CPUs, Linux ${kernel}, ${vswitch}; offload: ${backend}`;
}

/** What else the machine did, in one line. */
export function loadOf({ otherWork, startedAt }: LaneRun): string {
  const { median, max } = otherWork;
  return (
    `load of other work before each scene: ${percent(median)} of the CPUs (median), ` +
    `${percent(max)} at most; started at ${startedAt.slice(0, 16).replace('T', ' ')} UTC`
  );
}
