import { basename, dirname, join } from 'node:path';
import { HostBackend } from '../../adapters/nic/host/backend.ts';
import type { HostHookOptions } from '../../adapters/nic/host/host-hook.ts';

/** Options of a table at one hook. */
export interface TableOptions extends Omit<HostHookOptions, 'adapter' | 'objectPaths' | 'mode'> {
  /** The compiled program: dist/adapters/nic/NAME/norikae.bpf.o. */
  readonly objectPath: string;
}

/** The NIC table that the daemon makes for `backend.adapter: "xdp"`. */
export function xdpTable(options: TableOptions & Pick<HostHookOptions, 'mode'>): HostBackend {
  const { objectPath, ...others } = options;
  return new HostBackend({ ...others, adapter: 'xdp', objectPaths: pathsBeside(objectPath) });
}

/** The NIC table that the daemon makes for `backend.adapter: "tcx"`. */
export function tcxTable(options: TableOptions): HostBackend {
  return ingressTable('tcx', options);
}

/** The NIC table that the daemon makes for this hook as `backend.adapter`. */
export function ingressTable(adapter: 'tcx' | 'cls_bpf', options: TableOptions): HostBackend {
  const { objectPath, ...others } = options;
  const objectPaths = pathsBeside(objectPath);
  return new HostBackend({ ...others, adapter, mode: 'auto', objectPaths });
}

/** Both compiled programs, of which one is given. */
function pathsBeside(objectPath: string): HostHookOptions['objectPaths'] {
  const of = (hook: string): string =>
    join(dirname(dirname(objectPath)), hook, basename(objectPath));
  return { xdp: of('xdp'), tcx: of('tcx') };
}
