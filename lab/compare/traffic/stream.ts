/** Sequence numbers [first, end). */
export type Range = readonly [first: number, end: number];

/** A socket that receives, in the receiving guest. See `guest/receivers.py`. */
export type ReceiverSpec =
  | {
      readonly kind: 'udp';
      readonly address: string;
      readonly port: number;
      readonly group?: string;
    }
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number; readonly size: number }
  | { readonly kind: 'raw'; readonly address: string; readonly protocol: number }
  | {
      readonly kind: 'frames';
      /** IPv4 protocol; absent: any frame with a marker. */
      readonly protocol?: number;
    }
  | {
      readonly kind: 'sflow' | 'netflow' | 'ipfix';
      readonly address: string;
      readonly port: number;
    };

/** What sends, in the sending guest. See `guest/senders.py`. */
export type SenderSpec =
  | {
      readonly kind: 'udp';
      readonly target: string;
      readonly port: number;
      readonly size: number;
      /** IPv4 options, in hex. */
      readonly options?: string;
      /** Address of the device that multicast leaves by. */
      readonly multicastFrom?: string;
    }
  | { readonly kind: 'tcp'; readonly target: string; readonly port: number; readonly size: number }
  | { readonly kind: 'echo'; readonly target: string; readonly port: number; readonly size: number }
  | {
      readonly kind: 'tcpFrames';
      readonly target: string;
      readonly port: number;
      readonly size: number;
      readonly source: string;
      /** In hex without colons. */
      readonly srcMac: string;
      readonly dstMac: string;
    }
  | {
      readonly kind: 'frames';
      readonly frame: (sequence: number) => Buffer;
      /** Where a checksum begins that is left to the device, and the offset of its field. */
      readonly checksum?: readonly [start: number, offset: number];
    };

/** One stream of numbered packets from the sending to the receiving guest. */
export interface Stream {
  /**
   * `socket`: the sending guest's kernel builds the packets, and may leave checksums and
   * segmentation to the device. `forwarded`: complete packets, as a guest that routes sends them.
   */
  readonly from: 'socket' | 'forwarded';
  /** What is counted: packets, or chunks of a byte stream. */
  readonly unit: 'packets' | 'chunks';
  readonly send: SenderSpec;
  /** Undefined: the sender counts replies. */
  readonly receive: ReceiverSpec | undefined;
}
