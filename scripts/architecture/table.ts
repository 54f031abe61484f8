import { LAYERS } from './layers.ts';

/** The table of layers in docs/architecture.md. */
export function layersTable(): string {
  const rows = LAYERS.map(({ folder, holds, imports, packages, why }) => [
    `\`${folder}\``,
    holds.replaceAll('|', '\\|'),
    shortened(imports),
    typeof packages === 'string' ? packages : packages.map(code).join(', '),
    why,
  ]);
  const head = ['folder', 'holds', 'may import', 'packages', 'because'];
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Abbreviates all parts of the engine to `engine`. */
function shortened(imports: readonly string[]): string {
  if (imports.length === 0) return 'nothing';
  if (imports.includes('*')) return 'everything';
  const parts = LAYERS.map(({ folder }) => folder).filter((f) => f.startsWith('engine/'));
  const whole = parts.every((part) => imports.includes(part));
  const rest = imports.filter((folder) => !whole || !parts.includes(folder));
  return [...(whole ? ['engine'] : []), ...rest].map(code).join(', ');
}

function code(name: string): string {
  return `\`${name}\``;
}
