/** Escapes text for HTML content and attributes; names are untrusted. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A coordinate with at most one decimal. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Colour class of a policy by index; there are eight colours. */
export function policyColour(index: number): string {
  return `p${index % 8}`;
}
