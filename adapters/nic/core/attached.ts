/** A place in the kernel where programs take the packets of a device. */
export type HookName = 'xdp' | 'tcx' | 'cls_bpf';

/** The compiled programs; tcx and cls_bpf run the same one. */
export type ProgramName = 'xdp' | 'tcx';

/** How a port's program is attached, or would be; `flags` are those of `struct port_ref`. */
export interface Attached {
  readonly hook: HookName;
  /** Where the program runs, such as `native` or `generic`. */
  readonly mode: string;
  readonly flags: number;
  /** A note on how the port is served. */
  readonly note: string;
  /** True if the device's peer has no segmentation offload while the program is attached. */
  readonly splitsSegments: boolean;
  /** True if it redirects frames of several buffers, which not every device can send. */
  readonly isJumbo: boolean;
}
