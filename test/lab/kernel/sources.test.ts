import assert from 'node:assert/strict';
import {
  ARCHIVE_KEYS,
  type IndexTarget,
  NoDebianSource,
  parseIndexTargets,
  privateSources,
} from '../../../lab/kernel/debian/sources.ts';

const MIRROR = 'http://mirror.example/debian/';
const SECURITY = 'http://security.example/debian-security/';

function target(repository: string, release: string, component = 'main'): IndexTarget {
  return { repository, release, component };
}

describe('sources of the private apt', () => {
  it('are read from the targets of indices, Packages only', () => {
    const text = [
      `Packages|${MIRROR}|bookworm|main`,
      `DEP-11|${MIRROR}|bookworm|main`,
      `Translations|${MIRROR}|bookworm|main`,
      'an unexpected line',
      '',
    ].join('\n');
    assert.deepEqual(parseIndexTargets(text), [target(MIRROR, 'bookworm')]);
  });

  it('add backports from the mirror of the release, and omit those of others', () => {
    const targets = [
      target(MIRROR, 'bookworm'),
      target(MIRROR, 'bookworm', 'contrib'),
      target(MIRROR, 'bookworm-updates'),
      target(SECURITY, 'bookworm-security'),
      target('http://other.example/apt/', 'nodistro'),
      target('http://other.example/apt/', 'sdk-bookworm'),
    ];
    const stanza = (repository: string, suite: string) =>
      `Types: deb\nURIs: ${repository}\nSuites: ${suite}\nComponents: main\nSigned-By: ${ARCHIVE_KEYS}\n`;
    assert.equal(
      privateSources(targets, 'bookworm'),
      [
        stanza(MIRROR, 'bookworm'),
        stanza(MIRROR, 'bookworm-updates'),
        stanza(SECURITY, 'bookworm-security'),
        stanza(MIRROR, 'bookworm-backports'),
      ].join('\n'),
    );
  });

  it('name each source once, whatever the number of architectures', () => {
    const targets = [target(MIRROR, 'bookworm'), target(MIRROR, 'bookworm')];
    assert.equal(privateSources(targets, 'bookworm').match(/Suites: bookworm\n/g)?.length, 1);
  });

  it('need a source of the release itself', () => {
    const targets = [target(SECURITY, 'bookworm-security'), target(MIRROR, 'bookworm', 'contrib')];
    assert.throws(() => privateSources(targets, 'bookworm'), NoDebianSource);
  });
});
