const ENUM = /enum\s*\w*\s*\{(?<body>[^}]*)\}/g;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|^#.*$/gm;

/** The numbers of all names in the enums of a C header. */
export function enumsIn(header: string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const { groups } of header.replaceAll(COMMENT, '').matchAll(ENUM)) {
    let next = 0;
    for (const part of (groups?.['body'] ?? '').split(',')) {
      const [name, value] = part.split('=').map((text) => text.trim());
      if (name === '') continue;
      if (value !== undefined) next = numbers.get(value) ?? Number(value);
      numbers.set(name, next++);
    }
  }
  return numbers;
}
