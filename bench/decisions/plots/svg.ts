import { escaped } from '../../../replay/report/html/markup.ts';

/** An SVG element as text. Attribute values and texts are escaped here and nowhere else. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...content: readonly string[]
): string {
  const listed = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        ` ${key}="${typeof value === 'number' ? short(value) : escaped(`${value}`)}"`,
    )
    .join('');
  return content.length === 0
    ? `<${name}${listed}/>`
    : `<${name}${listed}>${content.join('')}</${name}>`;
}

/** A text at a place. */
export function text(
  x: number,
  y: number,
  words: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
): string {
  return element('text', { x, y, ...attributes }, escaped(words));
}

/** A whole document that is readable on light and on dark pages. */
export function document(
  width: number,
  height: number,
  title: string,
  description: string,
  content: readonly string[],
): string {
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      'font-family': 'system-ui, sans-serif',
      'font-size': 12,
      role: 'img',
      'aria-labelledby': 't d',
    },
    `\n${element('title', { id: 't' }, escaped(title))}`,
    `\n${element('desc', { id: 'd' }, escaped(description))}`,
    `\n${element('style', {}, STYLE)}`,
    `\n${element('rect', { class: 'page', width, height, rx: 8 })}`,
    ...content.map((line) => `\n${line}`),
    '\n',
  )}\n`;
}

const STYLE = `
.page { fill: #fff } text { fill: #1f2328 } .faint { fill: #59636e }
.grid { stroke: #d1d9e0; stroke-width: 1 } .ceiling { stroke: #59636e; fill: none; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } text { fill: #e6edf3 } .faint { fill: #9198a1 }
.grid { stroke: #30363d } .ceiling { stroke: #9198a1 }
}
`;

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}
