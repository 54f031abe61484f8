/** Debian's archive keys; Debian's base system has them. */
export const ARCHIVE_KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** An index of packages that apt is configured to read. */
export interface IndexTarget {
  /** Address of the repository, such as `https://mirror.example/debian/`. */
  readonly repository: string;
  /** Name of the distribution in it: `bookworm`, `bookworm-security`. */
  readonly release: string;
  readonly component: string;
}

/** apt's sources do not have the Debian release that runs here. */
export class NoDebianSource extends Error {
  override readonly name = 'NoDebianSource';

  constructor(codename: string) {
    super(`apt has no source for Debian ${codename}: add its mirror to /etc/apt/sources.list.d`);
  }
}

/** Format for `apt-get indextargets`, as {@link parseIndexTargets} reads it. */
export const INDEX_TARGET_FORMAT = '$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)';

/** Reads the output of `apt-get indextargets`, one target a line; other targets are omitted. */
export function parseIndexTargets(text: string): readonly IndexTarget[] {
  return text.split('\n').flatMap((line) => {
    const [createdBy, repository, release, component] = line.split('|');
    const isPackages = createdBy === 'Packages' && component !== undefined;
    return isPackages ? [{ repository, release, component }] : [];
  });
}

/**
 * Sources (deb822) with the release of this machine, its updates and its backports. Backports come
 * from the repository of the release, also where the machine itself does not use them. Sources of
 * others than Debian are omitted.
 *
 * @param codename of the release, such as `bookworm`
 * @throws {NoDebianSource}
 */
export function privateSources(targets: readonly IndexTarget[], codename: string): string {
  const suites = [codename, `${codename}-updates`, `${codename}-security`];
  const ours = targets.filter((t) => suites.includes(t.release) && t.component === 'main');
  const backports = ours
    .filter(({ release }) => release === codename)
    .map(({ repository }) => ({ repository, release: backportsOf(codename) }));
  if (backports.length === 0) throw new NoDebianSource(codename);
  const stanzas = [...ours, ...backports].map(
    ({ repository, release }) =>
      `Types: deb\nURIs: ${repository}\nSuites: ${release}\nComponents: main\nSigned-By: ${ARCHIVE_KEYS}\n`,
  );
  return [...new Set(stanzas)].join('\n');
}

/** Name of the backports of a release. */
export function backportsOf(codename: string): string {
  return `${codename}-backports`;
}
