import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import {
  type Comment,
  type Expression,
  parseSync,
  type Statement,
  type TSInterfaceDeclaration,
  type TSTypeAliasDeclaration,
} from 'oxc-parser';
import { packageRoot } from '../../platform/package-root.ts';

/** A type or constant at the top level of a file. */
export type Found =
  | { readonly kind: 'interface'; readonly file: SourceFile; readonly node: TSInterfaceDeclaration }
  | { readonly kind: 'alias'; readonly file: SourceFile; readonly node: TSTypeAliasDeclaration }
  | { readonly kind: 'constant'; readonly file: SourceFile; readonly node: Expression };

/** The sources declare no such type or constant. */
export class UnknownDeclaration extends Error {
  override readonly name = 'UnknownDeclaration';

  constructor(name: string, file: string) {
    super(`${file} neither declares nor imports ${name} at its top level`);
  }
}

/** One parsed source file. */
export class SourceFile {
  /** Relative to the package. */
  readonly path: string;
  readonly #declared = new Map<string, Found>();
  readonly #imports = new Map<string, readonly [path: string, name: string]>();
  readonly #comments: readonly Comment[];
  readonly #text: string;

  constructor(path: string) {
    this.path = path;
    this.#text = readFileSync(join(packageRoot(), path), 'utf8');
    const { program, comments } = parseSync(path, this.#text);
    this.#comments = comments.filter(
      ({ type, value }) => type === 'Block' && value.startsWith('*'),
    );
    for (const statement of program.body) {
      if (statement.type === 'ImportDeclaration') {
        const from = statement.source.value;
        if (!from.startsWith('.')) continue;
        const imported = relative(packageRoot(), join(packageRoot(), dirname(path), from));
        for (const one of statement.specifiers) {
          if (one.type !== 'ImportSpecifier' || one.imported.type !== 'Identifier') continue;
          this.#imports.set(one.local.name, [imported, one.imported.name]);
        }
      } else if (statement.type === 'ExportNamedDeclaration') {
        if (statement.declaration !== null) this.#declare(statement.declaration);
      } else this.#declare(statement);
    }
  }

  #declare(node: Statement): void {
    if (node.type === 'TSInterfaceDeclaration') {
      this.#declared.set(node.id.name, { kind: 'interface', file: this, node });
    } else if (node.type === 'TSTypeAliasDeclaration') {
      this.#declared.set(node.id.name, { kind: 'alias', file: this, node });
    } else if (node.type === 'VariableDeclaration') {
      for (const { id, init } of node.declarations) {
        if (id.type !== 'Identifier' || init === null) continue;
        this.#declared.set(id.name, { kind: 'constant', file: this, node: init });
      }
    }
  }

  /** What the file declares under a name. */
  own(name: string): Found | undefined {
    return this.#declared.get(name);
  }

  /** From which file a name is imported, and its name there. */
  imported(name: string): readonly [path: string, name: string] | undefined {
    return this.#imports.get(name);
  }

  /** The documentation comment that ends right before a position, as one paragraph. */
  comment(start: number): string | undefined {
    const comment = this.#comments.find(
      ({ end }) => end <= start && /^(?:\s|export)*$/.test(this.#text.slice(end, start)),
    );
    if (comment === undefined) return undefined;
    const lines = comment.value.split('\n').map((line) => line.replace(/^\s*\*\s?/, '').trim());
    const text = lines.join(' ').replace(/\{@link ([^}]*)\}/g, '$1');
    return text.replace(/\s+/g, ' ').trim();
  }
}

/** The declarations of all sources that are reachable from the API. */
export class Declarations {
  readonly #files = new Map<string, SourceFile>();

  /** @throws UnknownDeclaration */
  find(name: string, path: string): Found {
    const file = this.#file(path);
    const own = file.own(name);
    if (own !== undefined) return own;
    const imported = file.imported(name);
    if (imported === undefined) throw new UnknownDeclaration(name, path);
    return this.find(imported[1], imported[0]);
  }

  #file(path: string): SourceFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const file = new SourceFile(path);
    this.#files.set(path, file);
    return file;
  }
}
