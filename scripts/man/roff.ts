/** Text as roff source: no character of it is a request or an escape. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll(/^\./gm, '\\&.');
}

/** A heading. */
export function heading(text: string): string {
  return `.SH ${text}\n`;
}

/** A paragraph, filled by the reader's program. */
export function paragraph(text: string): string {
  return `.PP\n${roff(text)}\n`;
}

/** Lines that stay as they are, indented. */
export function verbatim(lines: readonly string[]): string {
  return `.PP\n.RS 4\n.nf\n${lines.map((line) => `${roff(line)}\n`).join('')}.fi\n.RE\n`;
}

/** A term in bold, and its description below. */
export function term(name: string, description: string): string {
  return `.TP\n\\fB${roff(name)}\\fR\n${roff(description)}\n`;
}
