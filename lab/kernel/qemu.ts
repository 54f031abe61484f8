import { join } from 'node:path';

/** How to run a program: its file, first arguments and environment. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A virtual machine of the lab. */
export interface MachineSettings {
  readonly vmlinux: string;
  readonly initramfs: string;
  /** Folder that the guest reads and writes, tagged `lab`. */
  readonly shareFolder: string;
  readonly processors: number;
  readonly memoryMb: number;
  /** The guest's console: lines for the caller, or this terminal, where Ctrl-A X ends QEMU. */
  readonly console: 'lines' | 'terminal';
  /** Adds two NICs (igb, Intel 82576) with SR-IOV, connected to each other. */
  readonly sriov: boolean;
  /** Adds a channel (virtio-serial) whose other end is this unix socket; left out: no channel. */
  readonly channelSocket?: string | undefined;
}

const KERNEL_ARGUMENTS = [
  'console=ttyS0',
  'quiet',
  'loglevel=4',
  // A guest that panics ends at once.
  'panic=-1',
  'mitigations=off',
  'tsc=reliable',
  'no_timer_check',
  'random.trust_cpu=on',
];

/**
 * QEMU as unpacked from Debian packages, with the libraries that this machine lacks. It is killed
 * with the process that starts it, also when that is killed.
 *
 * @param root folder of the unpacked packages
 */
export function qemuProgram(root: string): Program {
  const libraries = ['usr/lib', 'lib'].map((folder) => join(root, folder, 'x86_64-linux-gnu'));
  const binary = join(root, 'usr', 'bin', 'qemu-system-x86_64');
  return {
    file: 'setpriv',
    args: ['--pdeathsig', 'KILL', binary],
    env: { LD_LIBRARY_PATH: libraries.join(':') },
  };
}

/** Arguments of QEMU for a machine with this host's root file system, read-only, tagged `host`. */
export function machineArguments(root: string, settings: MachineSettings): readonly string[] {
  const { vmlinux, initramfs, shareFolder, processors, memoryMb } = settings;
  const firmware = ['qemu', 'seabios', 'ipxe/qemu'].map((name) => join(root, 'usr', 'share', name));
  return [
    ...firmware.map((folder) => ['-L', folder]),
    ['-nodefaults', '-no-user-config', '-no-reboot'],
    ['-display', 'none'],
    ['-machine', 'q35'],
    // Emulation in software, everywhere: inside other virtual machines, KVM may be there and hang.
    ['-accel', 'tcg,thread=single'],
    // Without the vector instructions of later processors, which take long to emulate.
    ['-cpu', 'qemu64'],
    ['-smp', String(processors)],
    ['-m', String(memoryMb)],
    ['-serial', settings.console === 'lines' ? 'stdio' : 'mon:stdio'],
    ['-kernel', vmlinux],
    ['-initrd', initramfs],
    ['-append', KERNEL_ARGUMENTS.join(' ')],
    ...folderArguments('host', '/', 'readonly=on,multidevs=remap'),
    ...folderArguments('lab', shareFolder, 'readonly=off'),
    ['-object', 'rng-random,id=entropy,filename=/dev/urandom'],
    ['-device', 'virtio-rng-pci,rng=entropy'],
    ...(settings.sriov ? [1, 2].flatMap(sriovArguments) : []),
    ...(settings.channelSocket === undefined ? [] : channelArguments(settings.channelSocket)),
  ].flat();
}

type Options = readonly (readonly string[])[];

function folderArguments(tag: string, path: string, options: string): Options {
  const folder = `local,id=${tag},path=${path.replaceAll(',', ',,')},security_model=none,${options}`;
  return [
    ['-fsdev', folder],
    ['-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ];
}

/** As libvirt's element `channel` of type `unix` makes it. */
function channelArguments(socket: string): Options {
  const path = socket.replaceAll(',', ',,');
  return [
    ['-device', 'virtio-serial-pci'],
    ['-chardev', `socket,id=channel,path=${path},server=on,wait=off`],
    ['-device', 'virtserialport,chardev=channel,name=org.norikae.0'],
  ];
}

/** A NIC (igb) on the wire that all of them share. */
function sriovArguments(number: number): Options {
  return [
    ['-device', `pcie-root-port,id=slot${number},slot=${number},chassis=${number}`],
    ['-netdev', `hubport,id=wire${number},hubid=0`],
    ['-device', `igb,bus=slot${number},netdev=wire${number},mac=52:54:00:00:00:0${number}`],
  ];
}
