import type { OperationResult } from '../../../engine/ports/offload-backend.ts';
import type { ArrivedTunnels } from './arrived-tunnels.ts';
import type { EntryParts } from './entry-parts.ts';
import type { FlowEncoder } from './flow-encoder.ts';
import type { MaskSet } from './mask-set.ts';
import { refused } from './operation-results.ts';
import type { TunnelHeaders } from './tunnel-headers.ts';

/** Index or id of a part that an entry does not have. */
const NONE = 0;

/** What the installed entries share: masks, outer headers, and tunnels that packets arrive in. */
export class SharedParts {
  readonly masks: MaskSet;
  readonly tunnelHeaders: TunnelHeaders;
  readonly arrivedTunnels: ArrivedTunnels;

  constructor(masks: MaskSet, tunnelHeaders: TunnelHeaders, arrivedTunnels: ArrivedTunnels) {
    this.masks = masks;
    this.tunnelHeaders = tunnelHeaders;
    this.arrivedTunnels = arrivedTunnels;
  }

  /** Sets the parts of the encoded flow that other entries have, too. */
  find(encoder: FlowEncoder): void {
    const { arrivedTunnel, tunnelHeader } = encoder;
    if (arrivedTunnel !== undefined) {
      encoder.arrivedTunnelId = this.arrivedTunnels.idOf(arrivedTunnel);
    }
    if (tunnelHeader !== undefined) {
      encoder.tunnelHeaderIndex = this.tunnelHeaders.indexOf(tunnelHeader);
    }
    encoder.maskId = this.masks.idOf(encoder.mask);
  }

  /** Makes the encoded flow a user of its parts, and sets them; or returns why it cannot. */
  hold(encoder: FlowEncoder): OperationResult | undefined {
    const maskId = this.masks.acquire(encoder.mask);
    if (maskId < 0) {
      return refused('mask-table-full', `all ${this.masks.limit} masks are in use`);
    }
    const held = { maskId, tunnelHeader: NONE, inPort: NONE };
    const { arrivedTunnel, tunnelHeader } = encoder;
    if (tunnelHeader !== undefined) {
      const index = this.tunnelHeaders.acquire(tunnelHeader);
      if (index === NONE) {
        this.letGo(held);
        const { limit } = this.tunnelHeaders;
        return refused('table-full', `all ${limit} tunnel headers are in use`);
      }
      held.tunnelHeader = index;
      encoder.tunnelHeaderIndex = index;
    }
    if (arrivedTunnel !== undefined) {
      const id = this.arrivedTunnels.acquire(arrivedTunnel);
      if (typeof id === 'string') {
        this.letGo(held);
        return refused('table-full', id);
      }
      encoder.arrivedTunnelId = id;
    }
    encoder.maskId = maskId;
    return undefined;
  }

  /** Removes an entry from the users of its parts; the kernel must have deleted it. */
  letGo({ maskId, tunnelHeader, inPort }: EntryParts): void {
    this.masks.release(maskId);
    if (tunnelHeader !== NONE) this.tunnelHeaders.release(tunnelHeader);
    this.arrivedTunnels.release(inPort);
  }

  /** Writes what new entries need, but for masks. @throws {SystemCallFailed} */
  write(): void {
    this.tunnelHeaders.write();
    this.arrivedTunnels.write();
  }

  /** Adopts the parts that an earlier daemon left, without users. */
  adopt(): void {
    this.masks.adopt();
    this.arrivedTunnels.adopt();
  }

  /** Counts an adopted entry; false when it has a part that is not there. */
  adoptUser({ maskId, tunnelHeader, inPort }: EntryParts): boolean {
    if (!this.masks.adoptUser(maskId)) return false;
    const held = { maskId, tunnelHeader: NONE, inPort: NONE };
    if (this.arrivedTunnels.adoptUser(inPort)) {
      if (tunnelHeader === NONE || this.tunnelHeaders.adoptUser(tunnelHeader)) return true;
      held.inPort = inPort;
    }
    this.letGo(held);
    return false;
  }
}
