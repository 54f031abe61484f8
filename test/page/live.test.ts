import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { freePort } from '../support/free-port.ts';
import { needs } from '../support/needs.ts';
import { type Browser, startBrowser } from './support/browser.ts';
import { type DemoDaemon, startDemoDaemon } from '../support/demo-daemon.ts';
import { eventually } from '../support/eventually.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('live page, in Chromium, of a daemon on the emulated node', function () {
  this.timeout(60_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let port: number;
  let daemon: DemoDaemon | undefined;
  let browser: Browser | undefined;

  before(async function () {
    needs(this, 'chromium');
    folder = temporaryFolder();
    port = await freePort();
    [daemon, browser] = await Promise.all([startDemoDaemon(folder.path, port), startBrowser()]);
  });

  after(async () => {
    await browser?.close();
    await daemon?.stop();
    folder?.remove();
  });

  async function open(options: Parameters<Browser['open']>[1] = {}): Promise<{
    page: Page;
    faults: string[];
  }> {
    assert.ok(browser !== undefined && daemon !== undefined);
    const visit = await browser.open(daemon.url, options);
    await visit.page.getByText('Live', { exact: true }).waitFor();
    await visit.page.locator('.flow[data-flow]').first().waitFor();
    return visit;
  }

  it('shows numbers, updates them, and causes no errors or foreign requests', async () => {
    const { page, faults } = await open();
    await page.getByText('Placing', { exact: true }).waitFor();
    const values = (): Promise<string[]> => page.locator('.figure dd').allInnerTexts();
    const first = await values();
    assert.ok(
      first.every((text) => /\d/.test(text)),
      first.join('; '),
    );
    await eventually('the figures change', async () => (await values()).join() !== first.join());
    const chart = page.getByRole('img', { name: /^Traffic by path since / });
    assert.match(
      (await chart.getAttribute('aria-label')) ?? '',
      /vSwitch \S+ \S*bit\/s now, between .*; NIC \S+ \S*bit\/s now/,
    );
    await page.locator('.decision').first().waitFor();
    assert.deepEqual(faults, []);
  });

  it('draws lines from each slice to each path that it uses, and to the uplinks', async () => {
    const { page } = await open();
    await page.locator('.line.nic .bed').first().waitFor();
    const tones = await page
      .locator('.lines .line')
      .evaluateAll((lines) => lines.map((line) => line.getAttribute('class')));
    assert.ok(tones.filter((tone) => tone === 'line nic').length >= 4 + 1, tones.join());
    assert.ok(tones.includes('line vswitch') && tones.includes('line wire'), tones.join());
    const node = page.getByRole('region', { name: 'The node' });
    for (const name of ['blue', 'green', 'red', 'gold']) {
      await node.getByRole('listitem').filter({ hasText: name }).waitFor();
    }
    assert.match(
      await node.locator('.gist').innerText(),
      /is on the NIC in [\d,]+ of [\d,]+ flows/,
    );
  });

  it('shows slices with share, guarantee and maximum', async () => {
    const { page, faults } = await open();
    const table = page.getByRole('group', { name: 'Table of slices' });
    const row = async (name: string): Promise<string[]> =>
      table
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name: new RegExp(`^${name}`) }) })
        .locator('td')
        .allInnerTexts();
    assert.deepEqual((await table.getByRole('columnheader').allInnerTexts()).slice(2, 5), [
      'Due / wanted',
      'Guaranteed',
      'At most',
    ]);
    await eventually('gold has what the daemon says', async () => {
      const status = await daemon?.control.status();
      const gold = status?.slices.find((slice) => slice.name === 'gold');
      assert.ok(gold !== undefined && gold.guaranteedEntries !== null);
      const [, due, guaranteed, most] = await row('gold');
      assert.match(due, /^\d+ \/ \d+$/);
      return Number(guaranteed) === gold.guaranteedEntries && Number(most) === gold.maximumEntries;
    });
    const [, due, guaranteed, most] = await row('plain');
    assert.match(due, /^\d+ \/ \d+$/);
    assert.deepEqual([guaranteed, most], ['none', 'none']);
    // No policy declares it, so it has one share with all such slices.
    assert.deepEqual((await row('red')).slice(1, 4), ['shared', 'none', 'none']);
    assert.deepEqual(faults, []);
  });

  it('shows the hook of each port, with the reason as a tooltip', async () => {
    const { page, faults } = await open();
    const status = await daemon?.control.status();
    assert.ok(status !== undefined);
    const expected = status.ports.map(({ name, hook }) => [
      name,
      hook?.hook ?? '-',
      hook?.why ?? null,
    ]);
    assert.ok(expected.some(([, hook, why]) => hook === 'emulator' && why !== ''));
    const more = page.getByRole('button', { name: /^All \d+$/ });
    if ((await more.count()) > 0) await more.click();
    const table = page.getByRole('group', { name: 'Table of ports' });
    const headers = await table.getByRole('columnheader').allInnerTexts();
    // The header of a row is no cell.
    const column = headers.indexOf('Hook') - 1;
    const rows = await table
      .locator('tbody tr')
      .evaluateAll(
        (all, at) =>
          all.map((row) => [
            row.querySelector('th')?.firstChild?.textContent?.trim(),
            row.querySelectorAll('td')[at].textContent?.trim(),
            row.querySelectorAll('td')[at].getAttribute('title'),
          ]),
        column,
      );
    const byName = (a: readonly unknown[], b: readonly unknown[]) =>
      String(a[0]).localeCompare(String(b[0]));
    assert.deepEqual(rows.toSorted(byName), expected.toSorted(byName));
    assert.deepEqual(faults, []);
  });

  it('shows the age of the verification, and the results of samples', async () => {
    const { page, faults } = await open();
    const health = page.getByRole('region', { name: 'Sources, backends, policies' });
    const text = async (): Promise<string> => (await health.innerText()).replaceAll(/\s+/g, ' ');
    assert.match(await text(), /entries verified \d+(\.\d)? m?s ago/);
    const results = / Samples: ([\d,]+) entries correct, 0 wrong and removed, 0 not/;
    await eventually('the entries of several samples agree', async () => {
      return Number(results.exec(await text())?.[1] ?? 0) >= 2;
    });
    assert.deepEqual(faults, []);
  });

  it('sorts and filters flows', async () => {
    const { page, faults } = await open();
    const sorted = page.waitForResponse((r) => r.url().includes('/api/v1/flows?sort=bytes'));
    await page.getByRole('button', { name: 'Bytes', exact: true }).click();
    await sorted;
    await page.locator('[aria-sort=descending]').filter({ hasText: 'Bytes' }).waitFor();
    await eventually('rows are in order of bytes', async () => {
      const cells = await page.locator('.flow .c-bytes').allInnerTexts();
      const bytes = cells.slice(0, 10).map(bytesOf);
      return bytes.length === 10 && bytes.every((b, i) => i === 0 || b <= bytes[i - 1] * 1.005);
    });

    await page.getByLabel('Path', { exact: true }).selectOption('NIC');
    await eventually('only flows on the NIC are left', async () => {
      const paths = await page.locator('.flow[data-flow] .c-path').allInnerTexts();
      return paths.length > 5 && paths.every((path) => path === 'NIC');
    });
    await page.getByLabel('Slice', { exact: true }).selectOption('red');
    await page.getByLabel('Words').fill('tcp');
    await eventually('only TCP flows of the slice are left', async () => {
      const rows = await page.locator('.flow[data-flow]').allInnerTexts();
      return rows.length > 0 && rows.every((row) => /tcp/.test(row) && /red, /.test(row));
    });
    assert.match(
      await page.locator('.flows [role=status]').innerText(),
      /^[\d,]+ of [\d,]+ flows$/,
    );
    await page.getByLabel('Words').fill('no-such-word');
    await page.getByText('No flow matches.').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await eventually('all are back', async () =>
      /^[\d,]+ flows$/.test(await page.locator('.flows [role=status]').innerText()),
    );
    assert.deepEqual(faults, []);
  });

  it('explains a flow, condition by condition, on a click', async () => {
    const { page, faults } = await open();
    await page.getByLabel('Path', { exact: true }).selectOption('NIC');
    await eventually(
      'a flow on the NIC is first',
      async () => (await page.locator('.flow .c-path').first().innerText()) === 'NIC',
    );
    await page.locator('.flow[data-flow]').first().click();
    const dialog = page.getByRole('dialog', { name: 'Why this flow is where it is' });
    await dialog.locator('.sentence').waitFor();
    assert.match(await dialog.locator('.sentence').innerText(), /The flow is on the NIC/);
    const rule = dialog.getByRole('article', { name: 'Rule default/unicast' });
    const conditions = await rule.locator('.conditions .known').allInnerTexts();
    assert.ok(conditions.length >= 3, conditions.join());
    assert.ok(
      conditions.every((text) => /^(is|can be) \S/.test(text)),
      conditions.join(),
    );
    await dialog.getByText(/^Entries in use/).waitFor();
    await dialog.getByText('Worth', { exact: true }).waitFor();
    await dialog.getByText(/^Share of (slice (gold|plain)|no declared slice)$/).waitFor();
    await dialog.getByText(/^\d+ of \d+ used, \d+ guaranteed$/).waitFor();
    await dialog.locator('.past li').first().waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    assert.deepEqual(faults, []);
  });

  it('can be used with the keyboard alone', async () => {
    const { page } = await open();
    const focused = (): Promise<string> =>
      page.evaluate<string>('document.activeElement.dataset.index ?? document.activeElement.id');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await focused(), 'flows');
    for (let tabs = 0; (await focused()) !== '0'; tabs++) {
      assert.ok(tabs < 20, 'the first row is not in the tab order');
      await page.keyboard.press('Tab');
    }
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp', 'PageDown']) {
      await page.keyboard.press(key);
    }
    await eventually('the row a page on has the focus', async () => Number(await focused()) > 8);
    await page.keyboard.press('Home');
    await eventually('the first row has the focus', async () => (await focused()) === '0');
    const flow = await page.locator('.flow[data-index="0"]').getAttribute('data-flow');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText(String(flow)).waitFor();
    await page.keyboard.press('Escape');
    await eventually('the row has the focus again', async () => (await focused()) === '0');
  });

  it('does not reorder rows while the focus is in the table', async () => {
    const { page } = await open();
    await page.locator('.flow[data-flow]').nth(2).hover();
    await page.getByText('held while you are in it').waitFor();
    const rows = (): Promise<string> =>
      page.evaluate<string>(
        '[...document.querySelectorAll(".flow[data-flow]")].map((row) => row.dataset.flow).join()',
      );
    await page.waitForTimeout(500);
    const held = await rows();
    await page.waitForTimeout(2_500);
    assert.equal(await rows(), held);
    await page.mouse.move(10, 10);
    await eventually('the rows go on', async () => (await rows()) !== held);
  });

  it('fits a phone, flows and why included', async () => {
    const { page, faults } = await open({
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    const width = (): Promise<number> =>
      page.evaluate<number>('document.documentElement.scrollWidth');
    assert.equal(await width(), 360);
    await page.getByLabel('Sort by').selectOption('Age');
    await page.locator('.flow[data-flow]').first().tap();
    const dialog = page.getByRole('dialog');
    await dialog.locator('.sentence').waitFor();
    assert.equal(await width(), 360);
    const inside = await page.evaluate<number>('document.querySelector("dialog").scrollWidth');
    assert.ok(inside <= 360, `the dialog is ${inside} px wide`);
    assert.deepEqual(faults, []);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has no violation that axe finds, contrast included: ${colorScheme}`, async () => {
      const { page } = await open({ colorScheme });
      await page.evaluate(AXE);
      assert.deepEqual(await violations(page), []);
      await page.locator('.flow[data-flow]').first().click();
      await page.locator('.sentence').waitFor();
      assert.deepEqual(await violations(page), []);
    });
  }

  it('has no animation with reduced motion', async () => {
    const running = 'document.getAnimations().filter((a) => a.playState === "running").length';
    const { page } = await open({ reducedMotion: 'no-preference' });
    await page.locator('.train').first().waitFor();
    assert.ok((await page.evaluate<number>(running)) > 0);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await eventually('nothing moves', async () => (await page.evaluate<number>(running)) === 0);
  });

  it('has landmarks and headings in order', async () => {
    const { page } = await open();
    for (const role of ['banner', 'main', 'contentinfo', 'search', 'grid'] as const) {
      await page.getByRole(role).first().waitFor();
    }
    const levels = await page.evaluate<number[]>(
      '[...document.querySelectorAll("h1,h2,h3")].map((h) => Number(h.tagName[1]))',
    );
    assert.equal(levels[0], 1);
    assert.ok(
      levels.every((level, i) => i === 0 || level - levels[i - 1] <= 1),
      levels.join(),
    );
  });

  it('pauses the decisions, counts new ones meanwhile, and resumes', async () => {
    const { page } = await open();
    const first = page.locator('.decision .link').first();
    await first.waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    const held = await first.innerText();
    await page.getByRole('button', { name: /^Go on \(\d+ new\)$/ }).waitFor();
    assert.equal(await first.innerText(), held);
    await page.getByRole('button', { name: /^Go on/ }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
  });

  it('shows a hold as text', async () => {
    const { page } = await open();
    await daemon?.control.onloadAll();
    await page.getByText('Held', { exact: true }).waitFor();
    await page
      .getByRole('alert')
      .getByText(/every flow stays on the vSwitch/)
      .waitFor();
    await daemon?.control.resume();
    await page.getByText('Placing', { exact: true }).waitFor();
  });

  it('reports a lost connection, and reconnects after a restart', async () => {
    const { page, faults } = await open();
    await daemon?.stop();
    await page.getByText('Connection lost', { exact: true }).waitFor();
    await page.getByRole('alert').getByText('The page shows old data.').waitFor();
    daemon = await startDemoDaemon(folder.path, port);
    await page.getByText('Live', { exact: true }).waitFor();
    assert.equal(await page.getByText('Connection lost').count(), 0);
    const others = faults.filter((fault) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE/.test(fault));
    assert.deepEqual(others, []);
  });
});

/** Violations that axe finds, with their elements. */
async function violations(page: Page): Promise<readonly string[]> {
  // Rows are alike, so a few of them represent all.
  const context = "{ exclude: ['.flow[data-index]:nth-child(n+7)', '.decision:nth-child(n+7)'] }";
  return page.evaluate<string[]>(`axe
    .run(${context}, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations.flatMap(({ id, impact, nodes }) =>
      nodes.map((node) => id + ' (' + impact + '): ' + node.target + ' ' +
        [...node.any, ...node.all].map((check) => check.message).join('; '))))`);
}

/** `1.50 MB` in bytes. */
function bytesOf(text: string): number {
  const [number, unit = 'B'] = text.split(' ');
  const scale = ['B', 'kB', 'MB', 'GB', 'TB'].indexOf(unit);
  return Number(number) * 1000 ** scale;
}
