import { BpfPrograms } from '../core/bpf-programs.ts';
import { ifindexOf } from '../core/device.ts';
import { DeviceFeatures } from '../core/device-features.ts';
import type { OtherHooks } from '../core/hook.ts';
import { Lease, LEASE_PROGRAM } from '../core/lease.ts';
import { Libbpf } from '../core/libbpf.ts';
import { NetworkLock } from '../core/network-lock.ts';
import { PinLock } from '../core/pin-lock.ts';
import { ProgramLoader } from '../core/program-loader.ts';
import { Gate, GATE_PROGRAM } from './gate.ts';
import type { FlowerOptions } from './options.ts';
import { flowerOtherHooks } from './other-hooks.ts';
import { FlowerPins, type Pins } from './pins.ts';
import { TrafficControlRequests } from './traffic-control.ts';

/** What a session holds open. */
export interface HostHandles {
  readonly pins: Pins;
  readonly tc: TrafficControlRequests;
  readonly otherHooks: OtherHooks;
  readonly lease: Pick<Lease, 'renew' | 'end'>;
  readonly gate: Pick<Gate, 'put'>;
  /** Current ifindex of a device by name. */
  readonly ifindexOf: (name: string) => number | undefined;
  /** Whether a device takes rules into hardware; undefined: it does not say. @throws {NetworkLockBusy} */
  readonly takesRules: (name: string) => Promise<boolean | undefined>;
  /** Closes descriptors and sockets; what is in the kernel stays. */
  close(): void;
}

/** Opens what rules need of the host; tests replace it. */
export type OpenHost = (options: FlowerOptions) => Promise<HostHandles>;

/**
 * Opens what rules need of the host.
 *
 * @throws {PinPathInUse} {@link NoBpfFileSystem} {@link LibbpfMissing} {@link ObjectUnusable}
 */
export async function openHost(options: FlowerOptions): Promise<HostHandles> {
  const { pinPath, objectPath, rulesIn } = options;
  const undo: (() => void)[] = [];
  const close = (): void => {
    for (const step of undo.splice(0)) step();
  };
  try {
    const pinLock = PinLock.acquire(pinPath);
    undo.unshift(() => pinLock.release());
    const libbpf = new Libbpf();
    const programs = new BpfPrograms();
    const pins = FlowerPins.openOrCreate(libbpf, pinPath);
    undo.unshift(() => pins.close());
    const lock = new NetworkLock(options.maxLockWaitMs);
    const tc = new TrafficControlRequests(lock);
    undo.unshift(() => tc.close());
    const loader = await ProgramLoader.open({
      programs,
      objects: [{ path: objectPath, names: [LEASE_PROGRAM, GATE_PROGRAM] }],
      maps: pins.maps,
    });
    const lease = await Lease.open(libbpf, programs, loader);
    undo.unshift(() => lease.close());
    const gate = await Gate.open(libbpf, loader);
    undo.unshift(() => gate.close());
    const otherHooks = flowerOtherHooks(lock, rulesIn);
    undo.unshift(() => otherHooks.close());
    const features = new DeviceFeatures(lock);
    const takesRules = async (name: string): Promise<boolean | undefined> =>
      (await features.active(name))?.has('hw-tc-offload');
    return { pins, tc, otherHooks, lease, gate, ifindexOf, takesRules, close };
  } catch (error) {
    close();
    throw error;
  }
}
