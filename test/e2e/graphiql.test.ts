import { mkdir } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp, newFolder, start } from '../cli/program.ts';
import { browserPath, openBrowser } from '../support/browser.ts';

const artefacts = '.artifacts';
const mustRun = Boolean(process.env.CI);
if (!browserPath && !mustRun)
  process.stdout.write('Skipped: GraphiQL in a browser, because this machine has no Chromium.\n');

describe.skipIf(!browserPath && !mustRun)('GraphiQL in a browser', () => {
  let browser: Browser;
  let page: Page;
  let origin: string;
  const requested: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    const server = start(['serve'], { DATA_DIR: await newFolder(), PORT: '0' });
    const [, address = ''] = await server.waitFor('stdout', /GraphiQL +(http:\/\/\S+)\/graphql/);
    origin = address;
    browser = await openBrowser();
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    page.on('request', (request) => requested.push(request.url()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${origin}/graphql`);
    await page.locator('.graphiql-tab').first().waitFor();
    await mkdir(artefacts, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  const run = async () => {
    const answered = page.waitForResponse(
      (response) => response.request().method() === 'POST' && !isIntrospection(response.request().postData()),
    );
    await page.locator('.graphiql-execute-button').click();
    return (await answered).json() as Promise<{ data?: Record<string, unknown>; errors?: unknown[] }>;
  };

  /** The tab that GraphiQL has written down as the open one, which it does when it has read all of it. */
  const activeTab = () =>
    page.evaluate(
      () => JSON.parse(localStorage.getItem('graphiql:tabState') ?? '{}').activeTabIndex as number | undefined,
    );

  it('opens with the worked examples in its tabs and a token in their headers', async () => {
    expect(await page.locator('.graphiql-tab').count()).toBeGreaterThanOrEqual(5);
    await page.getByRole('button', { name: 'Headers' }).click();
    await expect.poll(() => page.locator('.graphiql-editor-tool').innerText()).toContain('Bearer');
  });

  it('runs the first example and shows its hits', async () => {
    const { data } = await run();
    expect(data).toMatchObject({ search: { __typename: 'SearchConnection' } });
    await expect.poll(() => page.locator('.result-window').innerText()).toContain('"title"');
    await page.screenshot({ path: `${artefacts}/graphiql.png` });
  });

  it('runs every example without errors', async () => {
    const tabs = page.locator('.graphiql-tab-button');
    for (let index = 0; index < (await tabs.count()); index++) {
      await tabs.nth(index).click();
      await expect.poll(activeTab).toBe(index);
      const { data, errors } = await run();
      expect(errors, `tab ${index}`).toBeUndefined();
      expect(JSON.stringify(data), `tab ${index}`).not.toContain('Error');
    }
  });

  it('loads nothing from elsewhere and has no faults of its own', () => {
    expect(requested.filter((url) => !url.startsWith(origin) && !/^(data|blob):/.test(url))).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

function isIntrospection(body: string | null): boolean {
  return body?.includes('IntrospectionQuery') ?? false;
}
