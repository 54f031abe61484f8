import { ProgramBackend } from '../core/program-backend.ts';
import type { XdpBackendOptions } from './options.ts';
import { xdpHook } from './xdp-hook.ts';

/**
 * The NIC table as XDP: a BPF program on each port's device forwards the packets of installed flows
 * before the vSwitch receives them.
 *
 * Needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON), a little-endian CPU, Linux 5.18 or later (6.8
 * on veth). A veth as output needs `gro on` at its peer, and a VM must fill in its own checksums
 * (`tx off`): packets that cannot be redirected, or lack a checksum, go to the vSwitch.
 */
export class XdpBackend extends ProgramBackend {
  /** @throws {BackendOptionInvalid} */
  constructor(options: XdpBackendOptions) {
    super({ name: 'xdp', label: 'XDP', how: options.mode, open: xdpHook(options) }, options);
  }
}
