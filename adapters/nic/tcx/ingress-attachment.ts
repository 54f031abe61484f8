import { readFileSync } from 'node:fs';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import type { Attached } from '../core/attached.ts';
import { PortUnusable, SystemCallFailed } from '../core/errors.ts';
import type { Attachment, HookTools } from '../core/hook.ts';
import type { Libbpf } from '../core/libbpf.ts';
import type { ProgramLoader } from '../core/program-loader.ts';
import type { IngressPoint } from './ingress-point.ts';

/** The program that can be attached to a device. */
export const INGRESS_PROGRAM = 'norikae_tcx';

/** `ARPHRD_ETHER`: packets of other devices may have no Ethernet header. */
const ETHERNET = '1';

/** What an attachment works with. */
export interface IngressAttachmentParts extends Pick<HookTools, 'libbpf' | 'programs'> {
  readonly hook: 'tcx' | 'cls_bpf';
  readonly loader: ProgramLoader;
  readonly point: IngressPoint;
}

/** Attaches the program at the ingress of devices. One program serves all of them. */
export class IngressAttachment implements Attachment {
  readonly #libbpf: Libbpf;
  readonly #point: IngressPoint;
  readonly #attached: Attached;
  readonly #program: number;
  readonly #programId: number;

  private constructor({ libbpf, programs, hook, point }: IngressAttachmentParts, program: number) {
    this.#libbpf = libbpf;
    this.#point = point;
    this.#attached = {
      hook,
      mode: hook,
      flags: 0,
      note: 'packets keep segmentation and checksum offload',
      splitsSegments: false,
      isJumbo: false,
    };
    this.#program = program;
    this.#programId = programs.programInfo(program).id;
  }

  /** Loads the program. @throws {ProgramRejected} {@link ObjectUnusable} */
  static async open(parts: IngressAttachmentParts): Promise<IngressAttachment> {
    const { libbpf, loader } = parts;
    const program = await loader.withProgram({ name: INGRESS_PROGRAM }, (fd) =>
      libbpf.duplicate(fd),
    );
    return new IngressAttachment(parts, program);
  }

  async canAttachLive(): Promise<boolean> {
    return true;
  }

  async maxBytes(): Promise<number> {
    return Number.POSITIVE_INFINITY;
  }

  async expected(name: string): Promise<Attached> {
    refuseOtherLinkLayers(name);
    return this.#attached;
  }

  async prepare(): Promise<void> {
    // The program is loaded once, at the start.
  }

  forget(): void {
    // Nothing is prepared for a device.
  }

  async attach(name: string, ifindex: number): Promise<Attached> {
    refuseOtherLinkLayers(name);
    try {
      await this.#point.attach(ifindex, this.#program, this.#programId);
    } catch (error) {
      if (!(error instanceof SystemCallFailed || error instanceof NetlinkRefused)) throw error;
      throw new PortUnusable(name, refusalOf(this.#attached.hook, error));
    }
    return this.#attached;
  }

  isAttached(ifindex: number): Promise<boolean> {
    return this.#point.isAttached(ifindex);
  }

  async isElsewhere(): Promise<boolean> {
    return false;
  }

  detach(ifindex: number): Promise<void> {
    return this.#point.detach(ifindex);
  }

  unpinDetached(ifindex: number): Promise<void> {
    return this.#point.unpinDetached(ifindex);
  }

  close(): void {
    this.#libbpf.close(this.#program);
  }
}

function refusalOf(hook: Attached['hook'], { message }: Error): string {
  return hook === 'tcx'
    ? `tcx, which Linux has since 6.6, cannot be used: ${message}`
    : `no tc filter (cls_bpf) can be added to its device: ${message}`;
}

/** @throws {PortUnusable} if packets of the device have no Ethernet header */
function refuseOtherLinkLayers(name: string, sysClassNet = '/sys/class/net'): void {
  const type = readFileSync(`${sysClassNet}/${name}/type`, 'utf8').trim();
  if (type !== ETHERNET) throw new PortUnusable(name, 'its device is not an Ethernet device');
}
