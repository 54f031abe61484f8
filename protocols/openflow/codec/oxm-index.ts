import { type FieldDefinition, OXM_EXPERIMENTER, OXM_FIELDS, type OxmName } from './oxm-fields.ts';

/** A field's table row with its wire headers. */
export interface IndexedField {
  readonly name: OxmName;
  readonly definition: FieldDefinition;
  /** Header (class, field, has-mask, length) as a signed number, without and with mask. */
  readonly exactHeader: number;
  readonly maskedHeader: number;
}

function header(d: FieldDefinition, masked: boolean): number {
  const length = d.bytes * (masked ? 2 : 1) + (d.oxmClass === OXM_EXPERIMENTER ? 4 : 0);
  return (d.oxmClass << 16) | (d.field << 9) | (masked ? 0x100 : 0) | length;
}

function isOxmName(name: string): name is OxmName {
  return Object.hasOwn(OXM_FIELDS, name);
}

const ALL: readonly IndexedField[] = Object.keys(OXM_FIELDS)
  .filter(isOxmName)
  .map((name) => {
    const definition = OXM_FIELDS[name];
    return {
      name,
      definition,
      exactHeader: header(definition, false),
      maskedHeader: header(definition, true),
    };
  });

/** By name. */
export const FIELD_BY_NAME: ReadonlyMap<string, IndexedField> = new Map(
  ALL.map((f) => [f.name, f]),
);

function byHeader(fields: readonly IndexedField[]): ReadonlyMap<number, IndexedField> {
  return new Map(
    fields.flatMap((f) => [[f.exactHeader, f] as const, [f.maskedHeader, f] as const]),
  );
}

/** By either header (which includes the length), except experimenter fields. */
export const FIELD_BY_HEADER = byHeader(ALL.filter((f) => f.definition.experimenter === 0));

/** By experimenter, then by header. */
export const FIELD_BY_EXPERIMENTER: ReadonlyMap<
  number,
  ReadonlyMap<number, IndexedField>
> = new Map(
  [...new Set(ALL.map((f) => f.definition.experimenter))]
    .filter((experimenter) => experimenter !== 0)
    .map((experimenter) => [
      experimenter,
      byHeader(ALL.filter((f) => f.definition.experimenter === experimenter)),
    ]),
);
