import type { Hook, HookTools, OpenHook } from '../core/hook.ts';
import type { PortReport } from '../core/port-report.ts';
import { ProgramLoader } from '../core/program-loader.ts';
import { CONTROL } from '../core/records.ts';
import { Arrival } from './arrival.ts';
import { XdpAttachment } from './attachment.ts';
import { startGuard } from './guard.ts';
import type { XdpBackendOptions } from './options.ts';
import { xdpOtherHooks } from './other-hooks.ts';
import { xdpObjects } from './programs.ts';
import { RedirectTargets } from './redirect-targets.ts';
import { Stalls, STALLS_MAP } from './stalls.ts';
import { XdpOutputs } from './xdp-outputs.ts';

const MIN_STALL_MS = 5_000;

/** What the programs of the BPF object are loaded with. */
export interface XdpLoaderParts extends Pick<HookTools, 'programs' | 'maps'> {
  readonly stalls: Stalls;
  readonly arrival: Arrival;
  readonly objectPath: string;
}

/** Opens the BPF objects. @throws {ObjectUnusable} */
export function xdpLoader(parts: XdpLoaderParts): Promise<ProgramLoader> {
  const { programs, maps, stalls, arrival, objectPath } = parts;
  return ProgramLoader.open({
    programs,
    objects: xdpObjects(objectPath),
    maps: new Map([...maps.byName(), [STALLS_MAP, stalls.fd], [arrival.name, arrival.fd]]),
  });
}

/**
 * XDP as a {@link Hook}: the program runs before the vSwitch receives a packet, in the driver or right
 * behind it.
 *
 * Needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON), a little-endian CPU, Linux 5.18 or later (6.8
 * on veth). A veth as output needs `gro on` at its peer, and a VM must fill in its own checksums
 * (`tx off`): packets that cannot be redirected, or lack a checksum, go to the vSwitch.
 */
export function xdpHook(options: XdpBackendOptions): OpenHook {
  return (tools) => openXdp(options, tools);
}

async function openXdp(options: XdpBackendOptions, tools: HookTools): Promise<Hook> {
  const { libbpf, programs, maps, lock } = tools;
  const undo: (() => void)[] = [];
  const close = (): void => {
    for (const step of undo.splice(0)) step();
  };
  try {
    const stalls = Stalls.open(libbpf, options.pinPath, tools.areMapsAdopted);
    undo.unshift(() => stalls.close());
    const arrival = new Arrival(libbpf, options.pinPath, tools.areMapsAdopted);
    undo.unshift(() => arrival.close());
    maps.setWord(CONTROL.minStallNs, BigInt(options.minStallMs ?? MIN_STALL_MS) * 1_000_000n);
    const { objectPath } = options;
    const loader = await xdpLoader({ programs, maps, stalls, arrival, objectPath });
    const parts = { ...tools, loader, ownMaps: [stalls, arrival] };
    const attachment = await XdpAttachment.open(parts, options.mode);
    undo.unshift(() => attachment.close());
    const guard = await startGuard(programs, loader);
    if (guard !== undefined) undo.unshift(() => libbpf.close(guard));
    const targets = await RedirectTargets.open(lock);
    undo.unshift(() => targets.close());
    const otherHooks = xdpOtherHooks(lock, tools.own);
    undo.unshift(() => otherHooks.close());
    return {
      loader,
      attachment,
      otherHooks,
      outputs: new XdpOutputs(targets, stalls),
      // It comes before both datapaths of Open vSwitch.
      refusal: () => undefined,
      mustDetach: () => false,
      describe: (ports) => describe(libbpf.version(), ports, guard !== undefined),
      unpin: () => {
        stalls.unpin();
        arrival.unpin();
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function describe(version: string, ports: readonly PortReport[], isGuarded: boolean): string {
  const count = (mode: string) => ports.filter((port) => port.mode === mode).length;
  return (
    `XDP through libbpf ${version}: ${count('native')} ports native, ` +
    `${count('generic')} generic, ${count('detached')} without entries, ` +
    `${count('unavailable')} not served` +
    (isGuarded ? '' : '; failed redirects are not detected')
  );
}
