import type { Hook, HookTools } from '../core/hook.ts';
import { LEASE_PROGRAM } from '../core/lease.ts';
import type { PortReport } from '../core/port-report.ts';
import { ProgramLoader } from '../core/program-loader.ts';
import { datapathRefusal } from './datapath.ts';
import { INGRESS_PROGRAM, IngressAttachment } from './ingress-attachment.ts';
import { INGRESS_OUTPUTS } from './ingress-outputs.ts';
import type { IngressPoint } from './ingress-point.ts';
import { ingressOtherHooks } from './other-hooks.ts';

/** A point at ingress to make a hook of. */
export interface IngressPlace {
  readonly hook: 'tcx' | 'cls_bpf';
  readonly point: IngressPoint;
  /** The compiled program: dist/adapters/nic/tcx/norikae.bpf.o. */
  readonly objectPath: string;
}

/**
 * Opens the hook: loads the program, and finds what it would bypass.
 *
 * @throws {ProgramRejected} {@link ObjectUnusable} {@link NetworkLockBusy}
 */
export async function openIngress(place: IngressPlace, tools: HookTools): Promise<Hook> {
  const { hook, point, objectPath } = place;
  const { libbpf, programs, maps, lock, own } = tools;
  const loader = await ProgramLoader.open({
    programs,
    objects: [{ path: objectPath, names: [INGRESS_PROGRAM, LEASE_PROGRAM] }],
    maps: maps.byName(),
  });
  own.add((programId) => point.isOurs(programId));
  const attachment = await IngressAttachment.open({ hook, libbpf, programs, loader, point });
  const otherHooks = ingressOtherHooks(lock, own);
  const how = `${hook} through libbpf ${libbpf.version()}`;
  return {
    loader,
    attachment,
    otherHooks,
    outputs: INGRESS_OUTPUTS,
    refusal: datapathRefusal,
    mustDetach: () => false,
    describe: (ports) => describe(how, hook, ports),
    unpin: () => undefined,
    close: () => {
      otherHooks.close();
      attachment.close();
    },
  };
}

function describe(how: string, hook: IngressPlace['hook'], ports: readonly PortReport[]): string {
  const count = (mode: string) => ports.filter((port) => port.mode === mode).length;
  return (
    `${how}: ${count(hook)} ports attached, ` +
    `${count('detached')} without entries, ${count('unavailable')} not served`
  );
}
