import assert from 'node:assert/strict';
import type { CDPSession, Page } from 'playwright-core';
import { Registry } from 'prom-client';
import type { FlowPage, FlowQuery, FlowView } from '../../api/flow-views.ts';
import { type HttpService, startHttpServer } from '../../server/http/http-server.ts';
import { Exposition } from '../../telemetry/prometheus/exposition.ts';
import { FakeView, flowOf } from '../support/fake-view.ts';
import { loopbackSettings } from '../server/support/http-settings.ts';
import { recordingLog } from '../support/quiet-log.ts';
import { needs } from '../support/needs.ts';
import { type Browser, startBrowser } from './support/browser.ts';
import { eventually } from '../support/eventually.ts';

const FLOWS = 100_000;
/** Maximum CPU time of the page's thread per frame, ms: 60 frames/s. */
const FRAME_MS = 16;
const FRAMES = 120;

/** A view of many flows: flow `i` in the order has `i` packets/s. */
class ManyFlows extends FakeView {
  override async flows(query: FlowQuery): Promise<FlowPage> {
    this.queries.push(query);
    const first = query.offset ?? 0;
    const length = Math.max(0, Math.min(query.limit, FLOWS - first));
    const flows = Array.from({ length }, (_, i) => numbered(first + i));
    return { total: FLOWS, matching: FLOWS, flows };
  }
}

function numbered(index: number): FlowView {
  const id = `5b1f0c7e-0000-4000-8000-${String(index).padStart(12, '0')}`;
  return flowOf({ id, packetsPerSecond: index, vm: `vm-${index}` });
}

describe('live page with 100,000 flows', function () {
  this.timeout(60_000);
  let view: ManyFlows;
  let service: HttpService | undefined;
  let browser: Browser | undefined;

  before(async function () {
    needs(this, 'chromium');
    view = new ManyFlows();
    const sources = { view, metrics: new Exposition(new Registry()) };
    service = await startHttpServer(loopbackSettings(), sources, recordingLog().log);
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await service?.close();
  });

  async function open(): Promise<Page> {
    assert.ok(browser !== undefined && service !== undefined);
    const { page } = await browser.open(service.url);
    await page.locator('.flow[data-flow]').first().waitFor();
    return page;
  }

  it('renders only visible rows, and requests no more than it shows', async () => {
    const page = await open();
    assert.equal(await page.getByRole('grid').getAttribute('aria-rowcount'), String(FLOWS + 1));
    const rows = await page.locator('.flow').count();
    assert.ok(rows > 10 && rows < 80, `${rows} rows are there`);
    assert.ok(
      view.queries.every((q) => q.limit <= 100),
      'a question for more than 100 flows',
    );
  });

  it('shows any position in the order', async () => {
    const page = await open();
    await scrollTo(page, 0.5);
    await eventually('the flows in the middle are shown', async () => {
      const first = await firstInSight(page);
      return first !== undefined && Math.abs(first - FLOWS / 2) < 60;
    });
    await page.locator('.flow').first().press('End');
    const last = page.locator(`.flow[aria-rowindex="${FLOWS + 1}"]`);
    await last.getByText(`vm-${FLOWS - 1}`).waitFor();
    assert.equal(await last.evaluate('document.activeElement.dataset.index'), String(FLOWS - 1));
  });

  it(`scrolls in less than a frame's time of CPU`, async () => {
    const page = await open();
    const session = await page.context().newCDPSession(page);
    // CPU time of the page's thread, which other programs do not affect.
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const before = await busySeconds(session);
    await page.evaluate(`new Promise((done) => {
      const grid = document.querySelector('.grid-body');
      let frames = 0;
      const step = () => {
        grid.scrollTop += 700;
        if (++frames < ${FRAMES}) requestAnimationFrame(step); else done();
      };
      requestAnimationFrame(step);
    })`);
    const spentMs = (1000 * ((await busySeconds(session)) - before)) / FRAMES;
    assert.ok(spentMs < FRAME_MS, `a frame takes ${spentMs.toFixed(1)} ms of CPU`);
    await eventually('the flows at the new place are shown', async () => {
      const first = await firstInSight(page);
      return first !== undefined && first > 1_000;
    });
  });
});

/** Scrolls the table to a share of its height. */
async function scrollTo(page: Page, share: number): Promise<void> {
  await page.evaluate(`{
    const grid = document.querySelector('.grid-body');
    grid.scrollTop = grid.scrollHeight * ${share};
  }`);
}

/** Number of the first rendered flow; undefined before the first rendering. */
async function firstInSight(page: Page): Promise<number | undefined> {
  const id = await page.evaluate<string | null>(
    `document.querySelector('.flow[data-flow]')?.dataset.flow ?? null`,
  );
  return id === null ? undefined : Number(id.slice(-12));
}

/** CPU time that the page's thread has used, s. */
async function busySeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find((metric) => metric.name === 'TaskDuration')?.value ?? Number.NaN;
}
