/** Text that may stand in HTML and in an attribute: names come from outside. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A number as short as a picture needs it. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** The class that gives the policy with this index its colour; colours come again after eight. */
export function policyColour(index: number): string {
  return `p${index % 8}`;
}
