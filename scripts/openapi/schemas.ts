import type { PropertyKey, TSSignature, TSType, TSTypeReference } from 'oxc-parser';
import { type Constant, constantOf } from './constants.ts';
import type { Declarations, Found, SourceFile } from './declarations.ts';

/** A JSON Schema (draft 2020-12), with what the types of the API need. */
export interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly const?: Constant;
  readonly enum?: readonly Constant[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
}

/** A type that no schema is made of. */
export class UnsupportedType extends Error {
  override readonly name = 'UnsupportedType';

  constructor(what: string, path: string) {
    super(`${path}: no schema can be made of ${what}; write the type in another way`);
  }
}

const KEYWORDS: ReadonlyMap<string, Schema> = new Map<string, Schema>([
  ['TSStringKeyword', { type: 'string' }],
  ['TSNumberKeyword', { type: 'number' }],
  ['TSBooleanKeyword', { type: 'boolean' }],
  ['TSNullKeyword', { type: 'null' }],
  ['TSUnknownKeyword', {}],
]);

type Properties = Readonly<Record<string, Schema>>;

interface Members {
  readonly properties: Properties;
  readonly required: readonly string[];
}

/**
 * Makes schemas of TypeScript types. A named type becomes a component, to which the others refer. The
 * schemas allow further properties, which may be added within a version of the API.
 */
export class Schemas {
  /** Components by name. */
  readonly components = new Map<string, Schema>();
  readonly #all: Declarations;

  constructor(all: Declarations) {
    this.#all = all;
  }

  /** Refers to a type of the API by its name and file. */
  named(name: string, path: string): Schema {
    return this.#reference(name, this.#all.find(name, path));
  }

  #reference(name: string, found: Found): Schema {
    if (!this.components.has(name)) {
      // Types may refer to themselves.
      this.components.set(name, {});
      const comment = found.file.comment(found.node.start);
      const description = comment === undefined ? {} : { description: comment };
      this.components.set(name, { ...description, ...this.#declared(found) });
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #declared(found: Found): Schema {
    switch (found.kind) {
      case 'interface':
        return object(this.#members(found));
      case 'alias':
        return this.#schema(found.node.typeAnnotation, found.file);
      case 'constant':
    }
    throw new UnsupportedType(`the value ${found.node.type} as a type`, found.file.path);
  }

  #members(found: Found): Members {
    if (found.kind !== 'interface') {
      throw new UnsupportedType(`an interface that extends a ${found.kind}`, found.file.path);
    }
    const bases = found.node.extends.map(({ expression }) => {
      if (expression.type !== 'Identifier') {
        throw new UnsupportedType('a computed base', found.file.path);
      }
      return this.#members(this.#all.find(expression.name, found.file.path));
    });
    const own = this.#signatures(found.node.body.body, found.file);
    return {
      properties: Object.assign({}, ...bases.map(({ properties }) => properties), own.properties),
      required: [...bases.flatMap(({ required }) => required), ...own.required],
    };
  }

  #signatures(signatures: readonly TSSignature[], file: SourceFile): Members {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    for (const one of signatures) {
      if (one.type !== 'TSPropertySignature' || one.typeAnnotation === null) {
        throw new UnsupportedType(one.type, file.path);
      }
      const name = nameOf(one.key, file);
      const schema = this.#schema(one.typeAnnotation.typeAnnotation, file);
      const comment = file.comment(one.start);
      properties[name] = comment === undefined ? schema : { ...schema, description: comment };
      if (!one.optional) required.push(name);
    }
    return { properties, required };
  }

  #schema(type: TSType, file: SourceFile): Schema {
    const keyword = KEYWORDS.get(type.type);
    if (keyword !== undefined) return keyword;
    if (type.type === 'TSParenthesizedType') return this.#schema(type.typeAnnotation, file);
    if (type.type === 'TSTypeOperator' && type.operator === 'readonly') {
      return this.#schema(type.typeAnnotation, file);
    }
    if (type.type === 'TSArrayType') {
      return { type: 'array', items: this.#schema(type.elementType, file) };
    }
    if (type.type === 'TSTypeLiteral') return object(this.#signatures(type.members, file));
    if (type.type === 'TSLiteralType' && type.literal.type === 'Literal') {
      return { const: constantOf(type.literal, file.path, this.#all) };
    }
    if (type.type === 'TSUnionType') return union(type.types.map((one) => this.#schema(one, file)));
    if (type.type === 'TSIndexedAccessType') return this.#elements(type, file);
    if (type.type === 'TSMappedType') return this.#mapped(type, file);
    if (type.type === 'TSTypeReference') return this.#referenced(type, file);
    throw new UnsupportedType(type.type, file.path);
  }

  #referenced(type: TSTypeReference, file: SourceFile): Schema {
    if (type.typeName.type !== 'Identifier') throw new UnsupportedType('a path', file.path);
    const { name } = type.typeName;
    const [first, second] = type.typeArguments?.params ?? [];
    if (name === 'Readonly' && first !== undefined) return this.#schema(first, file);
    if (name === 'Record' && first !== undefined && second !== undefined) {
      return record(this.#names(first, file), this.#schema(second, file));
    }
    if (name === 'Extract' && first !== undefined && second !== undefined) {
      return this.#extract(first, second, file);
    }
    return this.#reference(name, this.#all.find(name, file.path));
  }

  /** The members of a union with the constants that the other type names. */
  #extract(from: TSType, by: TSType, file: SourceFile): Schema {
    const { anyOf = [] } = this.#resolved(this.#schema(from, file));
    const wanted = this.#schema(by, file).properties ?? {};
    const found = anyOf.find(({ properties }) =>
      Object.entries(wanted).every(
        ([name, { const: value }]) => properties?.[name]?.const === value,
      ),
    );
    if (found === undefined) throw new UnsupportedType('an Extract without a result', file.path);
    return found;
  }

  #resolved(schema: Schema): Schema {
    const name = schema.$ref?.split('/').at(-1);
    return name === undefined ? schema : (this.components.get(name) ?? schema);
  }

  /** The strings of a type; undefined for any string. */
  #names(type: TSType, file: SourceFile): readonly string[] | undefined {
    const schema = this.#resolved(this.#schema(type, file));
    const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
    return values?.filter((value) => typeof value === 'string');
  }

  /** `(typeof NAMES)[number]`, and `(typeof ROWS)[number]['name']`. */
  #elements(
    type: Extract<TSType, { readonly type: 'TSIndexedAccessType' }>,
    file: SourceFile,
  ): Schema {
    const { indexType, objectType } = type;
    const values = this.#values(objectType, file);
    if (values !== undefined && indexType.type === 'TSNumberKeyword') return { enum: values };
    if (indexType.type === 'TSLiteralType' && objectType.type === 'TSIndexedAccessType') {
      const { literal } = indexType;
      const key = literal.type === 'Literal' ? String(literal.value) : '';
      const rows = this.#values(objectType.objectType, file) ?? [];
      return { enum: rows.map((row) => propertyOf(row, key, file)) };
    }
    throw new UnsupportedType('an indexed type of another form', file.path);
  }

  /** The list that `typeof` names. */
  #values(type: TSType, file: SourceFile): readonly Constant[] | undefined {
    if (type.type === 'TSParenthesizedType') return this.#values(type.typeAnnotation, file);
    if (type.type !== 'TSTypeQuery' || type.exprName.type !== 'Identifier') return undefined;
    const found = this.#all.find(type.exprName.name, file.path);
    if (found.kind !== 'constant') return undefined;
    const value = constantOf(found.node, found.file.path, this.#all);
    return Array.isArray(value) ? value : undefined;
  }

  /** `{ [Key in keyof Type]: readonly Type[Key][] }`: columns of the properties of a type. */
  #mapped(type: Extract<TSType, { readonly type: 'TSMappedType' }>, file: SourceFile): Schema {
    const { constraint } = type;
    if (constraint.type !== 'TSTypeOperator' || constraint.operator !== 'keyof') {
      throw new UnsupportedType('a mapped type of another form', file.path);
    }
    const { properties = {}, required = [] } = this.#resolved(
      this.#schema(constraint.typeAnnotation, file),
    );
    const columns = Object.entries(properties).map(([name, { description, ...items }]) => [
      name,
      { type: 'array', items, ...(description === undefined ? {} : { description }) },
    ]);
    return object({ properties: Object.fromEntries(columns), required });
  }
}

function object({ properties, required }: Members): Schema {
  return { type: 'object', properties, required };
}

function record(names: readonly string[] | undefined, values: Schema): Schema {
  if (names === undefined) return { type: 'object', additionalProperties: values };
  return object({
    properties: Object.fromEntries(names.map((name) => [name, values])),
    required: names,
  });
}

/** Constants together are an `enum`. */
function union(schemas: readonly Schema[]): Schema {
  const values = schemas.flatMap(({ const: value }) => (value === undefined ? [] : [value]));
  const others = schemas.filter(({ const: value }) => value === undefined);
  if (others.length === 0) return { enum: values };
  return { anyOf: values.length === 0 ? others : [{ enum: values }, ...others] };
}

function propertyOf(row: Constant, key: string, file: SourceFile): Constant {
  if (typeof row === 'object' && row !== null && !isList(row)) return row[key];
  throw new UnsupportedType(`the property ${key} of a row that has none`, file.path);
}

function isList(value: Constant): value is readonly Constant[] {
  return Array.isArray(value);
}

function nameOf(key: PropertyKey, file: SourceFile): string {
  if (key.type === 'Identifier') return key.name;
  throw new UnsupportedType('a property with a computed name', file.path);
}
