import type { Expression } from 'oxc-parser';
import type { Declarations } from './declarations.ts';

/** A value that a constant is made of. */
export type Constant =
  | string
  | number
  | boolean
  | null
  | readonly Constant[]
  | { readonly [name: string]: Constant };

/** A constant is not made of literals. */
export class NotConstant extends Error {
  override readonly name = 'NotConstant';

  constructor(what: string, path: string) {
    super(`${path}: ${what} is not made of literals, so that no schema can be made of its type`);
  }
}

/** Evaluates lists and objects of literals, such as `[...NAMES, 'gone'] as const`. */
export function constantOf(node: Expression, path: string, all: Declarations): Constant {
  if (node.type === 'Literal') {
    const { value } = node;
    if (value === null || typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return value;
  }
  if (node.type === 'TSAsExpression' || node.type === 'TSSatisfiesExpression') {
    return constantOf(node.expression, path, all);
  }
  if (node.type === 'Identifier') {
    const found = all.find(node.name, path);
    if (found.kind === 'constant') return constantOf(found.node, found.file.path, all);
  }
  if (node.type === 'ArrayExpression') {
    return node.elements.flatMap((element) => {
      if (element === null) return [];
      if (element.type !== 'SpreadElement') return [constantOf(element, path, all)];
      const spread = constantOf(element.argument, path, all);
      return Array.isArray(spread) ? spread : [];
    });
  }
  if (node.type === 'ObjectExpression') {
    return Object.fromEntries(
      node.properties.flatMap((property) =>
        property.type === 'Property' && property.key.type === 'Identifier'
          ? [[property.key.name, constantOf(property.value, path, all)]]
          : [],
      ),
    );
  }
  throw new NotConstant(node.type, path);
}
