import type { GeneveOption } from '../../../../protocols/netlink/tc/geneve.ts';

/** An option of a match. */
export interface MatchedOption {
  readonly value: GeneveOption;
  /** Set bits are matched; the length of the option is matched as a whole. */
  readonly mask: GeneveOption;
}

const HEX = '(0x[0-9a-f]+|0)';
const OPTION = new RegExp(
  `\\{class=${HEX}(?:/${HEX})?,type=${HEX}(?:/${HEX})?,len=(\\d+)(?:,${HEX}(?:/${HEX})?)?,?\\}`,
  'gy',
);

/**
 * Reads options such as `{class=0x102,type=0x80,len=4,0x10002/0xffff}{...}`; data that is not written is not matched.
 * Undefined: another form, such as a mask of the length.
 */
export function readGeneveOptions(text: string): readonly MatchedOption[] | undefined {
  const options: MatchedOption[] = [];
  let end = 0;
  for (const found of text.matchAll(OPTION)) {
    const [all, kind, kindMask = '0xffff', type, typeMask = '0xff', length, data, dataMask] = found;
    const bytes = Number(length);
    const ones = data === undefined ? '0' : `0x${'ff'.repeat(bytes)}`;
    options.push({
      value: { class: Number(kind), type: Number(type), data: wide(data ?? '0', bytes) },
      mask: {
        class: Number(kindMask),
        type: Number(typeMask),
        data: wide(dataMask ?? ones, bytes),
      },
    });
    end = found.index + all.length;
  }
  return end === text.length ? options : undefined;
}

/** A hexadecimal number of any length as bytes in network order. */
function wide(text: string, bytes: number): Buffer {
  return Buffer.from(text.replace(/^0x/, '').padStart(2 * bytes, '0'), 'hex');
}
