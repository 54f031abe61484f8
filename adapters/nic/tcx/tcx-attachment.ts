import { readFileSync } from 'node:fs';
import type { Attached } from '../core/attached.ts';
import { PortUnusable, SystemCallFailed } from '../core/errors.ts';
import type { Attachment, HookTools } from '../core/hook.ts';
import type { Libbpf } from '../core/libbpf.ts';
import type { ProgramLoader } from '../core/program-loader.ts';
import type { TcxLinks } from './tcx-links.ts';

/** The program that can be attached to a device. */
export const TCX_PROGRAM = 'norikae_tcx';

/** `ARPHRD_ETHER`: packets of other devices may have no Ethernet header. */
const ETHERNET = '1';

const ATTACHED: Attached = {
  hook: 'tcx',
  mode: 'tcx',
  flags: 0,
  note: 'packets keep segmentation and checksum offload',
  splitsSegments: false,
  isJumbo: false,
};

/** What an attachment works with. */
export interface TcxAttachmentParts extends Pick<HookTools, 'libbpf' | 'programs'> {
  readonly loader: ProgramLoader;
  readonly links: TcxLinks;
}

/** Attaches the program at tcx ingress (Linux 6.6 and later). One program serves all devices. */
export class TcxAttachment implements Attachment {
  readonly #libbpf: Libbpf;
  readonly #links: TcxLinks;
  readonly #program: number;
  readonly #programId: number;

  private constructor({ libbpf, programs, links }: TcxAttachmentParts, program: number) {
    this.#libbpf = libbpf;
    this.#links = links;
    this.#program = program;
    this.#programId = programs.programInfo(program).id;
  }

  /** Loads the program. @throws {ProgramRejected} {@link ObjectUnusable} */
  static async open(parts: TcxAttachmentParts): Promise<TcxAttachment> {
    const { libbpf, loader } = parts;
    const program = await loader.withProgram({ name: TCX_PROGRAM }, (fd) => libbpf.duplicate(fd));
    return new TcxAttachment(parts, program);
  }

  async canAttachLive(): Promise<boolean> {
    return true;
  }

  async maxBytes(): Promise<number> {
    return Number.POSITIVE_INFINITY;
  }

  async expected(name: string): Promise<Attached> {
    refuseOtherLinkLayers(name);
    return ATTACHED;
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
      await this.#links.attach(ifindex, this.#program, this.#programId);
    } catch (error) {
      if (!(error instanceof SystemCallFailed)) throw error;
      throw new PortUnusable(
        name,
        `tcx, which Linux has since 6.6, cannot be used: ${error.message}`,
      );
    }
    return ATTACHED;
  }

  async isAttached(ifindex: number): Promise<boolean> {
    return (await this.#links.read(ifindex)) !== undefined;
  }

  async isElsewhere(): Promise<boolean> {
    return false;
  }

  detach(ifindex: number): Promise<void> {
    return this.#links.detach(ifindex);
  }

  unpinDetached(ifindex: number): Promise<void> {
    return this.#links.unpinDetached(ifindex);
  }

  close(): void {
    this.#libbpf.close(this.#program);
  }
}

/** @throws {PortUnusable} if packets of the device have no Ethernet header */
function refuseOtherLinkLayers(name: string, sysClassNet = '/sys/class/net'): void {
  const type = readFileSync(`${sysClassNet}/${name}/type`, 'utf8').trim();
  if (type !== ETHERNET) throw new PortUnusable(name, 'its device is not an Ethernet device');
}
