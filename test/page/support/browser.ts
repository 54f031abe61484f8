import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';

/** Debian's Chromium. */
export const CHROMIUM = '/usr/bin/chromium';

/** Maximum time for one action of the browser, ms. */
const PATIENCE_MS = 20_000;

/** Headless Chromium with a temporary profile. */
export interface Browser {
  /** Opens a page, and closes the previous one. */
  open(url: string, options?: BrowserContextOptions): Promise<Visit>;
  close(): Promise<void>;
}

/** A page and its faults. */
export interface Visit {
  readonly page: Page;
  /** Errors of the console (CSP violations among them), exceptions, requests elsewhere or with
   * another method than GET. */
  readonly faults: string[];
}

/** Starts a browser. */
export async function startBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), `nk-browser-${process.pid}-`));
  let context: BrowserContext | undefined;
  const closeContext = async (): Promise<void> => {
    await context?.close();
    context = undefined;
  };
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    timeout: 30_000,
    env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return {
    open: async (url, options = {}) => {
      await closeContext();
      context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        // Without a GPU, animations would use the CPUs of the tests.
        reducedMotion: 'reduce',
        ...options,
      });
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      const faults = watch(page, new URL(url).origin);
      await page.goto(url);
      return { page, faults };
    },
    close: async () => {
      await closeContext();
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

function watch(page: Page, origin: string): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:'))
      faults.push(`off-origin: ${url}`);
    if (request.method() !== 'GET') faults.push(`${request.method()} ${url}`);
  });
  return faults;
}
