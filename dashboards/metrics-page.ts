/** A metric as a scrape describes it. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labels: ReadonlySet<string>;
}

const HEAD = `# Metrics

All metrics of \`/metrics\`, as exported by an emulated node with \`http.topFlows\` set. \`npm run dashboards\`
generates this page, and a test compares it with the daemon. [operations.md](operations.md#key-metrics) says which
metrics to watch. With InfluxDB or a collector of decisions configured, there are also metrics of
[its writer](operations.md#what-is-lost-in-an-outage) and
[its sender](operations.md#a-collector-of-decisions).

| metric | type | labels | meaning |
|---|---|---|---|
`;

/**
 * The reference of all metrics in a scrape, as Markdown.
 *
 * @param text in Prometheus's text format
 */
export function metricsPage(text: string): string {
  const rows = describedIn(text)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, labels, help }) => {
      const named = [...labels].sort().map((label) => `\`${label}\``);
      return `| \`${name}\` | ${type} | ${named.join(', ')} | ${help.replaceAll('|', '\\|')} |\n`;
    });
  return HEAD + rows.join('');
}

function describedIn(text: string): Described[] {
  const found: Described[] = [];
  let help = '';
  let labels = new Set<string>();
  for (const line of text.split('\n')) {
    const [, keyword, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      help = rest;
    } else if (keyword === 'TYPE') {
      labels = new Set();
      found.push({ name, help, type: rest, labels });
    } else {
      // A histogram's bounds are part of its type.
      for (const [, label] of line.matchAll(/[{,](\w+)="/g)) if (label !== 'le') labels.add(label);
    }
  }
  return found;
}
