import type { HookName } from '../core/attached.ts';
import { DevicePrograms } from '../core/device-programs.ts';
import { ProgramRejected } from '../core/errors.ts';
import type { Hook, HookTools, OpenHook } from '../core/hook.ts';
import { hasPinnedPrograms } from '../core/pinned-programs.ts';
import type { PortReport } from '../core/port-report.ts';
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
  /** The compiled programs: dist/adapters/nic/HOOK/norikae.bpf.o. */
  readonly objectPaths: Readonly<Record<HookName, string>>;
}

/** XDP and tcx as one {@link Hook}: each device is served at the one that is chosen for its port. */
export function hostHook(options: HostHookOptions): OpenHook {
  return (tools) => openHost(options, tools);
}

async function openHost(options: HostHookOptions, tools: HookTools): Promise<Hook> {
  const { adapter, pinPath, objectPaths } = options;
  const open = new Map<HookName, Hook>();
  const close = (): void => {
    for (const hook of open.values()) hook.close();
  };
  try {
    // A hook that is not configured is opened to detach what an earlier daemon has left there.
    if (adapter !== 'tcx' || hasPinnedPrograms(pinPath)) {
      open.set('xdp', await xdpHook({ ...options, objectPath: objectPaths.xdp })(tools));
    }
    const openTcx = tcxHook(objectPaths.tcx);
    let noTcx: string | undefined;
    if (adapter === 'auto') {
      const tcx = await tcxOrWhyNot(openTcx, tools);
      if (typeof tcx === 'string') noTcx = tcx;
      else open.set('tcx', tcx);
    } else if (adapter === 'tcx' || hasTcxLinks(pinPath)) {
      open.set('tcx', await openTcx(tools));
    }
    return combine(open, { setting: adapter, noTcx }, tools, close);
  } catch (error) {
    close();
    throw error;
  }
}

async function tcxOrWhyNot(openTcx: OpenHook, tools: HookTools): Promise<Hook | string> {
  if (!(await new DevicePrograms(tools.lock).knowsTcx())) return 'tcx needs Linux 6.6';
  try {
    return await openTcx(tools);
  } catch (error) {
    if (error instanceof ProgramRejected) return `tcx cannot be used: ${error.message}`;
    throw error;
  }
}

function combine(open: OpenHooks, facts: HookFacts, tools: HookTools, close: () => void): Hook {
  const hooks = new ChosenHooks(open, facts);
  const [first] = hooks.all;
  return {
    loader: first.loader,
    attachment: new ChosenAttachment(hooks),
    otherHooks: new ChosenOtherHooks(hooks),
    outputs: new ChosenOutputs(hooks),
    refusal: (port) => hooks.for(port).refusal(port),
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
  { setting }: HookFacts,
  ports: readonly PortReport[],
  version: string,
): string {
  if (setting !== 'auto') return hooks.at(setting, '').describe(ports);
  const attached = (hook: HookName): number =>
    ports.filter((port) => port.hook === hook && port.mode !== 'detached').length;
  const count = (mode: string): number => ports.filter((port) => port.mode === mode).length;
  return (
    `XDP or tcx through libbpf ${version}: ${attached('xdp')} ports at XDP, ` +
    `${attached('tcx')} at tcx, ${count('detached')} without entries, ` +
    `${count('unavailable')} not served`
  );
}
