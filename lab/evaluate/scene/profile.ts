import { availableParallelism } from 'node:os';
import { BusyCpuMeter, SoftirqMeter } from '../../measures/host-cpu.ts';
import { familyOf, softirqThreads, ThreadCpuMeter } from '../../measures/thread-cpu.ts';
import type { Profile, Sample } from '../model/cells.ts';
import type { Scene } from './scene.ts';

type Measured = Omit<Sample, 'bitsPerSecond'>;

/** Measures where the CPU time of all CPUs goes, from its construction to `measured`. */
export class CpuMeter {
  readonly #guests: Scene['guests'];
  readonly #guestsBefore: number;
  readonly #busy = new BusyCpuMeter();
  readonly #softirq = new SoftirqMeter();
  readonly #vswitch: ThreadCpuMeter;
  readonly #daemon: readonly ThreadCpuMeter[];
  readonly #lab = new ThreadCpuMeter(process.pid);
  readonly #ksoftirqd = softirqThreads().map((pid) => new ThreadCpuMeter(pid));
  readonly #sinceMs = performance.now();

  constructor({ guests, host }: Pick<Scene, 'guests' | 'host'>) {
    this.#guests = guests;
    this.#guestsBefore = guests.usedSeconds();
    this.#vswitch = new ThreadCpuMeter(host.vswitch);
    this.#daemon = familyOf(host.daemon).map((pid) => new ThreadCpuMeter(pid));
  }

  /** Shares of all CPUs since construction. */
  measured(): Measured {
    const elapsed = (performance.now() - this.#sinceMs) / 1_000;
    const all = elapsed * availableParallelism();
    const busyCpu = this.#busy.share();
    const guests = (this.#guests.usedSeconds() - this.#guestsBefore) / all;
    const vswitch = this.#vswitch.used();
    const daemon = sumOf(this.#daemon) / all;
    const lab = this.#lab.used().all / all;
    const ksoftirqd = sumOf(this.#ksoftirqd) / all;
    const named = guests + vswitch.all / all + daemon + ksoftirqd + lab;
    const profile: Profile = {
      guests,
      vswitch: vswitch.all / all,
      daemon,
      ksoftirqd,
      lab,
      other: Math.max(0, busyCpu - named),
      softirq: this.#softirq.share(),
      vswitchThread: vswitch.busiestThread / elapsed,
    };
    return { hostCpu: Math.max(0, busyCpu - guests), busyCpu, profile };
  }
}

/** CPU time of processes together, seconds. */
function sumOf(meters: readonly ThreadCpuMeter[]): number {
  return meters.reduce((sum, meter) => sum + meter.used().all, 0);
}
