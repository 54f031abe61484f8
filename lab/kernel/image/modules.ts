import { basename } from 'node:path/posix';

/** The kernel lacks a module that the lab needs. */
export class ModuleMissing extends Error {
  override readonly name = 'ModuleMissing';

  constructor(module: string) {
    super(`the kernel has no module ${module}`);
  }
}

/**
 * The modules of a lab's kernel, as paths below `kernel/`: what Open vSwitch, tc, netfilter, virtual
 * devices and an SR-IOV NIC need, and what they depend on. The others would take memory of the
 * guest, and time at its boot.
 */
export const MODULE_FOLDERS: readonly string[] = [
  'net/',
  'fs/9p/',
  'fs/fscache/',
  'fs/netfs/',
  'fs/overlayfs/',
  'lib/',
  'crypto/',
  'arch/x86/crypto/',
  'drivers/virtio/',
  'drivers/vhost/',
  'drivers/char/',
  'drivers/dca/',
  'drivers/i2c/algos/',
  'drivers/ptp/',
  'drivers/net/bonding/',
  'drivers/net/vxlan/',
  'drivers/net/ipvlan/',
  'drivers/net/ethernet/intel/igb',
  'drivers/net/dummy.',
  'drivers/net/geneve.',
  'drivers/net/ifb.',
  'drivers/net/macvlan.',
  'drivers/net/mdio.',
  'drivers/net/net_failover.',
  'drivers/net/tap.',
  'drivers/net/tun.',
  'drivers/net/veth.',
  'drivers/net/virtio_net.',
  'drivers/net/vrf.',
  'drivers/net/vxlan.',
];

/** What the first root file system loads, so that the real one can be mounted. */
export const BOOT_MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

/**
 * Whether a file of Debian's kernel package belongs to the lab: the kernel, the modules in
 * {@link MODULE_FOLDERS} and the lists of all modules.
 *
 * @param path in the package, such as `./boot/vmlinuz-6.1.0-9-amd64`
 */
export function isLabFile(path: string): boolean {
  const [, inModules] = /^\.(?:\/usr)?\/lib\/modules\/[^/]+\/(.+)$/.exec(path) ?? [];
  if (inModules === undefined) return path.startsWith('./boot/vmlinuz-');
  if (inModules.startsWith('modules.')) return true;
  const inKernel = inModules.replace(/^kernel\//, '');
  return MODULE_FOLDERS.some((folder) => inKernel.startsWith(folder));
}

/**
 * The files of modules in loading order, each after its dependencies; built-in modules are omitted.
 *
 * @param dependencies `modules.dep`: paths relative to its folder
 * @param builtIn `modules.builtin`
 * @throws {ModuleMissing}
 */
export function loadingOrder(
  modules: readonly string[],
  dependencies: string,
  builtIn: string,
): readonly string[] {
  const lines = dependencies.split('\n').map((line) => line.split(/:? +|:$/).filter(Boolean));
  const lineOf = new Map(lines.map((paths) => [moduleName(paths[0] ?? ''), paths]));
  const builtInNames = new Set(builtIn.split('\n').map(moduleName));
  const ordered = modules.flatMap((module) => {
    const paths = lineOf.get(module);
    if (paths !== undefined) return paths.toReversed();
    if (builtInNames.has(module)) return [];
    throw new ModuleMissing(module);
  });
  return [...new Set(ordered)];
}

/** Name of a module by its file: `kernel/fs/9p/9p.ko.xz` is `9p`. */
function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\..*)?$/, '')
    .replaceAll('-', '_');
}
