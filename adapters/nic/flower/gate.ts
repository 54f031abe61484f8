import type { NetlinkRequest } from '../../../protocols/netlink/exchange.ts';
import { FLAG } from '../../../protocols/netlink/message.ts';
import { deleteFilter, newFilter } from '../../../protocols/netlink/tc/filters.ts';
import { BPF, FILTER_FLAGS } from '../../../protocols/netlink/tc/tables.ts';
import { PARENT } from '../../../protocols/netlink/tc/traffic-control.ts';
import type { Libbpf } from '../core/libbpf.ts';
import type { ProgramLoader } from '../core/program-loader.ts';
import { ANY_PROTOCOL, GATE_PRIORITY } from './priorities.ts';

/** The program of the gate in the BPF object. */
export const GATE_PROGRAM = 'norikae_gate';

/** `TCA_BPF_FLAG_ACT_DIRECT`: the program's result is the verdict. */
const DIRECT = 1;

const KIND = 'bpf';

/**
 * The dead man of rules in software: a filter before them. While the lease holds it lets packets reach
 * the rules, and afterwards it sends every packet of the device to the vSwitch.
 */
export class Gate {
  readonly #libbpf: Libbpf;
  readonly #program: number;

  private constructor(libbpf: Libbpf, program: number) {
    this.#libbpf = libbpf;
    this.#program = program;
  }

  /** Loads the program. @throws {ProgramRejected} {@link ObjectUnusable} */
  static async open(libbpf: Libbpf, loader: ProgramLoader): Promise<Gate> {
    const program = await loader.withProgram({ name: GATE_PROGRAM }, (fd) => libbpf.duplicate(fd));
    return new Gate(libbpf, program);
  }

  /** A request that puts the gate before the rules of a device; it replaces one that is there. */
  put(ifindex: number): NetlinkRequest {
    const request = newFilter(placeAt(ifindex), KIND, [
      BPF.file.of(this.#program),
      BPF.name.of(GATE_PROGRAM),
      BPF.flags.of(DIRECT),
      BPF.flagsGeneric.of(FILTER_FLAGS.skipHardware),
    ]);
    return { ...request, flags: FLAG.create | FLAG.replace };
  }

  close(): void {
    this.#libbpf.close(this.#program);
  }
}

/** A request that removes the gate of a device; refused with `ENOENT` when it has no gate. */
export function removeGate(ifindex: number): NetlinkRequest {
  return deleteFilter(placeAt(ifindex), KIND);
}

function placeAt(ifindex: number) {
  return {
    ifindex,
    parent: PARENT.clsactIngress,
    priority: GATE_PRIORITY,
    protocol: ANY_PROTOCOL,
    handle: 1,
  };
}
