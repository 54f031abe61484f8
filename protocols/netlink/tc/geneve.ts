import { attribute } from '../tables.ts';
import { BE16, BYTES, U8 } from '../values.ts';

/**
 * `TCA_FLOWER_KEY_ENC_OPTS_*`: options of tunnels of one kind. The kernel reports these nests without the flag of a
 * nest, so they are written without it.
 */
export const TUNNEL_OPTION = { geneve: attribute(1, 'TCA_FLOWER_KEY_ENC_OPTS_GENEVE', BYTES) };

/** `TCA_FLOWER_KEY_ENC_OPT_GENEVE_*`: one option. */
export const GENEVE_OPTION = {
  class: attribute(1, 'TCA_FLOWER_KEY_ENC_OPT_GENEVE_CLASS', BE16),
  type: attribute(2, 'TCA_FLOWER_KEY_ENC_OPT_GENEVE_TYPE', U8),
  data: attribute(3, 'TCA_FLOWER_KEY_ENC_OPT_GENEVE_DATA', BYTES),
};

/** An option of Geneve (RFC 8926, 3.5), or the mask of one. */
export interface GeneveOption {
  readonly class: number;
  readonly type: number;
  /** A multiple of 4 bytes; tc takes 4 to 124. */
  readonly data: Buffer;
}

/**
 * Options for `FLOWER.tunnelOptions` and its mask, and for `TUNNEL_KEY.options`: `TCA_TUNNEL_KEY_ENC_OPT_*` has
 * the same numbers.
 */
export function encodeGeneveOptions(options: readonly GeneveOption[]): Buffer {
  return Buffer.concat(
    options.map((option) =>
      TUNNEL_OPTION.geneve.of(
        Buffer.concat([
          GENEVE_OPTION.class.of(option.class),
          GENEVE_OPTION.type.of(option.type),
          GENEVE_OPTION.data.of(option.data),
        ]),
      ),
    ),
  );
}
