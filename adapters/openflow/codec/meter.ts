/** 1.3 only: asks for one meter, or all with 0xffffffff. */
export interface MeterRequest {
  readonly kind: 'meter' | 'meter-config';
  readonly meter: number;
}

/** What a meter does from a rate on. */
export type MeterBand =
  /** Rate and burst in kbit/s and kbit, or in packets/s and packets, as the meter's flags say. */
  | { readonly kind: 'drop'; readonly rate: number; readonly burst: number }
  | {
      readonly kind: 'dscp-remark';
      readonly rate: number;
      readonly burst: number;
      /** By how many steps the drop precedence rises. */
      readonly steps: number;
    }
  /** Another band type; `bytes` are what follows type and length. */
  | { readonly kind: 'unknown'; readonly code: number; readonly bytes: Uint8Array };

export interface MeterStats {
  readonly meter: number;
  readonly flowCount: number;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly durationSec: number;
  readonly durationNsec: number;
  readonly bands: readonly { readonly packets: bigint; readonly bytes: bigint }[];
}

export interface MeterConfig {
  readonly meter: number;
  /** 1 kbit/s, 2 packets/s, 4 burst given, 8 counted. */
  readonly flags: number;
  readonly bands: readonly MeterBand[];
}

export type MeterReply =
  | { readonly kind: 'meter'; readonly meters: readonly MeterStats[] }
  | { readonly kind: 'meter-config'; readonly meters: readonly MeterConfig[] }
  | {
      readonly kind: 'meter-features';
      readonly maxMeters: number;
      /** Bit n: band type n is there. */
      readonly bandTypes: number;
      readonly capabilities: number;
      readonly maxBands: number;
      readonly maxColor: number;
    };

/** 1.3: adds (0), modifies (1) or deletes (2) a meter. */
export interface MeterMod {
  readonly type: 'meter-mod';
  readonly xid: number;
  readonly command: number;
  readonly flags: number;
  readonly meter: number;
  readonly bands: readonly MeterBand[];
}
