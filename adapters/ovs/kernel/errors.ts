/** The kernel has no Open vSwitch, or its module is not loaded. */
export class NoKernelDatapath extends Error {
  override readonly name = 'NoKernelDatapath';
  constructor() {
    super(
      'the kernel has no Open vSwitch: load its module (`modprobe openvswitch`), ' +
        'or read the flows from ovs-vswitchd',
    );
  }
}

/** The kernel has no datapath of this name in this network namespace. */
export class DatapathMissing extends Error {
  override readonly name = 'DatapathMissing';
  constructor(wanted: string | undefined, found: readonly string[]) {
    const which = wanted === undefined ? 'no datapath' : `no datapath ${wanted}`;
    const others = found.length === 0 ? '' : `; it has ${found.join(' and ')}`;
    super(`the kernel has ${which} in this network namespace${others}: it has no bridge yet`);
  }
}

/** Several datapaths, and none is configured. */
export class SeveralKernelDatapaths extends Error {
  override readonly name = 'SeveralKernelDatapaths';
  constructor(names: readonly string[]) {
    super(
      `the kernel has the datapaths ${names.join(' and ')}: set \`datapath\` to the one to read`,
    );
  }
}

/** The ports of the datapath kept changing while its flows were read. */
export class PortsUnsettled extends Error {
  override readonly name = 'PortsUnsettled';
  constructor(attempts: number) {
    super(`the ports of the datapath changed during each of ${attempts} readings of its flows`);
  }
}
