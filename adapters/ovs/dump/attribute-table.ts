import { ATTRIBUTES, type PartSpec } from './attributes.ts';
import { fieldIndex } from './field-pool.ts';
import { NameTable } from './names.ts';

/** A compiled part: its name with the equals sign, and its field's index. */
export interface Part {
  readonly name: Uint8Array;
  readonly field: number;
  readonly spec: PartSpec;
}

function compile(specs: readonly PartSpec[]): readonly Part[] {
  return specs.map((spec) => ({
    name: Buffer.from(`${spec.name}=`, 'latin1'),
    field: fieldIndex(spec.field),
    spec,
  }));
}

/** A compiled attribute. */
export type Attribute =
  | { readonly kind: 'in-port' | 'ethertype' | 'encap' }
  | { readonly kind: 'metadata'; readonly usual: Uint8Array }
  | { readonly kind: 'value'; readonly part: Part }
  | { readonly kind: 'parts'; readonly parts: readonly Part[] }
  | { readonly kind: 'vlan'; readonly outer: readonly Part[]; readonly inner: readonly Part[] };

/** Every attribute of the match vocabulary, by name. */
export const ATTRIBUTE_TABLE = new NameTable<Attribute>(
  ATTRIBUTES.map((a): [string, Attribute] => {
    switch (a.kind) {
      case 'metadata':
        return [a.name, { kind: a.kind, usual: Buffer.from(`${a.usual})`, 'latin1') }];
      case 'value':
        return [a.name, { kind: a.kind, part: compile([a.part])[0] }];
      case 'parts':
        return [a.name, { kind: a.kind, parts: compile(a.parts) }];
      case 'vlan':
        return [a.name, { kind: a.kind, outer: compile(a.outer), inner: compile(a.inner) }];
      case 'in-port':
      case 'ethertype':
      case 'encap':
        break;
    }
    return [a.name, { kind: a.kind }];
  }),
);

/** The value of eth_type(...). */
export const ETHER_TYPE_PART: Part = {
  name: Buffer.alloc(0),
  field: fieldIndex('eth_type'),
  spec: { name: '', field: 'eth_type', format: 'number' },
};
