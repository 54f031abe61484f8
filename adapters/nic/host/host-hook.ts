import type { HookName, ProgramName } from '../core/attached.ts';
import { DevicePrograms } from '../core/device-programs.ts';
import { ProgramRejected } from '../core/errors.ts';
import type { Hook, HookTools, HostHooks, OpenHostHooks } from '../core/hook.ts';
import { hasPinnedPrograms } from '../core/pinned-programs.ts';
import type { PortReport } from '../core/port-report.ts';
import { clsHook } from '../tcx/cls-hook.ts';
import { tcxHook } from '../tcx/tcx-hook.ts';
import { hasTcxLinks } from '../tcx/tcx-links.ts';
import type { XdpBackendOptions } from '../xdp/options.ts';
import { xdpHook } from '../xdp/xdp-hook.ts';
import { chooseHook, type HookFacts, type HookSetting } from './choice.ts';
import { ChosenAttachment } from './chosen-attachment.ts';
import { ChosenHooks, type OpenHooks } from './chosen-hooks.ts';
import { ChosenOtherHooks } from './chosen-other-hooks.ts';
import { ChosenOutputs } from './chosen-outputs.ts';

/** Options of {@link hostHook}. */
export interface HostHookOptions extends Omit<XdpBackendOptions, 'objectPath'> {
  readonly adapter: HookSetting;
  /** The compiled programs: dist/adapters/nic/NAME/norikae.bpf.o. */
  readonly objectPaths: Readonly<Record<ProgramName, string>>;
}

/** All hooks as one: each device is served at the one that is chosen for its port. */
export function hostHooks(options: HostHookOptions): OpenHostHooks {
  return (tools) => openHost(options, tools);
}

async function openHost(options: HostHookOptions, tools: HookTools): Promise<HostHooks> {
  const { adapter, pinPath, objectPaths } = options;
  const open = new Map<HookName, Hook>();
  const close = (): void => {
    for (const hook of open.values()) hook.close();
  };
  try {
    const ingress = await ingressOf(adapter, tools);
    const isWanted = (hook: HookName): boolean =>
      adapter === hook || (adapter === 'auto' && (hook === 'xdp' || hook === ingress));
    // A hook that is not wanted is opened to detach what an earlier daemon has left there.
    if (isWanted('xdp') || hasPinnedPrograms(pinPath, 'xdp')) {
      open.set('xdp', await xdpHook({ ...options, objectPath: objectPaths.xdp })(tools));
    }
    const atIngress = [
      { hook: 'tcx', openHook: tcxHook, isLeft: hasTcxLinks(pinPath) },
      { hook: 'cls_bpf', openHook: clsHook, isLeft: hasPinnedPrograms(pinPath, 'cls_bpf') },
    ] as const;
    let unusable: string | undefined;
    for (const { hook, openHook, isLeft } of atIngress) {
      if (!isWanted(hook) && !isLeft) continue;
      try {
        open.set(hook, await openHook(objectPaths.tcx)(tools));
      } catch (error) {
        if (adapter !== 'auto' || !(error instanceof ProgramRejected)) throw error;
        unusable = `${hook} cannot be used: ${error.message}`;
      }
    }
    const facts = { setting: adapter, ingress: unusable === undefined ? ingress : { unusable } };
    return combine(open, facts, tools, close);
  } catch (error) {
    close();
    throw error;
  }
}

/** The hook at tc ingress that can be chosen: tcx where the kernel has it. */
async function ingressOf(adapter: HookSetting, { lock }: HookTools): Promise<'tcx' | 'cls_bpf'> {
  if (adapter !== 'auto') return adapter === 'cls_bpf' ? 'cls_bpf' : 'tcx';
  return (await new DevicePrograms(lock).knowsTcx()) ? 'tcx' : 'cls_bpf';
}

function combine(
  open: OpenHooks,
  facts: HookFacts,
  tools: HookTools,
  close: () => void,
): HostHooks {
  const hooks = new ChosenHooks(open, facts);
  const [first] = hooks.all;
  return {
    loader: first.loader,
    attachment: new ChosenAttachment(hooks),
    otherHooks: new ChosenOtherHooks(hooks),
    outputs: new ChosenOutputs(hooks),
    refusal: (port) => hooks.for(port).refusal(port),
    mustDetach: (port) => hooks.ofName(port.name).mustDetach(port),
    choice: (port) => chooseHook(port, facts),
    describe: (ports) => describe(hooks, facts, ports, tools.libbpf.version()),
    unpin: () => {
      for (const hook of hooks.all) hook.unpin();
    },
    close,
  };
}

function describe(
  hooks: ChosenHooks,
  { setting, ingress }: HookFacts,
  ports: readonly PortReport[],
  version: string,
): string {
  if (setting !== 'auto') return hooks.at(setting, '').describe(ports);
  const attached = (hook: HookName): number =>
    ports.filter((port) => port.hook === hook && port.mode !== 'detached').length;
  const count = (mode: string): number => ports.filter((port) => port.mode === mode).length;
  const behind = typeof ingress === 'string' ? ingress : undefined;
  return (
    `XDP${behind === undefined ? '' : ` or ${behind}`} through libbpf ${version}: ` +
    `${attached('xdp')} ports at XDP, ` +
    (behind === undefined ? '' : `${attached(behind)} at ${behind}, `) +
    `${count('detached')} without entries, ${count('unavailable')} not served`
  );
}
