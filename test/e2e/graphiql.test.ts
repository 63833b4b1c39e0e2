import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readExampleTabs } from '../../src/cli/example-tabs.ts';
import { cleanUp, newFolder, type Program, start } from '../cli/program.ts';
import { noBrowserReason, openBrowser } from '../support/browser.ts';

const artifacts = fileURLToPath(new URL('../../.artifacts/', import.meta.url));

if (noBrowserReason && !process.env.CI)
  process.stdout.write(`Skipped: the browser test, because ${noBrowserReason}.\n`);

test('there is a browser, at least in CI', () => {
  if (process.env.CI) expect(noBrowserReason).toBeUndefined();
});

describe.skipIf(noBrowserReason !== undefined)('GraphiQL in a browser', { timeout: 60_000 }, () => {
  const requested: string[] = [];
  const complaints: string[] = [];
  let program: Program;
  let browser: Browser;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    program = start(['serve'], { DATA_DIR: await newFolder(), PORT: '0' });
    const starting = program.waitFor('stdout', /(http:\S+)\/graphql\s[\s\S]*Stop with/);
    browser = await openBrowser();
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    page.on('request', (request) => requested.push(request.url()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    [, url = ''] = await starting;
    await page.goto(`${url}/graphql`);
    await page.locator('.graphiql-execute-button').waitFor();
    await mkdir(artifacts, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await program?.kill();
    await cleanUp();
  });

  /** Subscriptions are sent in the URL. */
  const sentBy = (request: Request) => request.postData() ?? new URL(request.url()).searchParams.get('query') ?? '';

  interface Executed {
    readonly status: number;
    readonly body: { readonly data?: Record<string, unknown>; readonly errors?: unknown };
  }

  /**
   * Presses the button of the tab in front. GraphiQL learns which operation a tab holds a moment after it shows it, and
   * until then sends nothing; people are slower than that.
   */
  async function execute(name: string): Promise<Executed> {
    for (let tries = 1; ; tries++) {
      const answered = page.waitForResponse(
        (response) => new RegExp(`\\b${name}\\b[({]`).test(sentBy(response.request())),
        { timeout: 1_000 },
      );
      await page.locator('.graphiql-execute-button').click();
      try {
        const response = await answered;
        // The browser's protocol gives nobody the body of an answer that comes in parts.
        const isWhole = response.headers()['content-type']?.includes('json');
        return { status: response.status(), body: isWhole ? ((await response.json()) as Executed['body']) : {} };
      } catch (error) {
        if (tries === 10) throw error;
      }
    }
  }

  /** What a pane shows; the editor writes blanks that do not break. */
  const shown = async (pane: string) => (await page.locator(pane).innerText()).replaceAll('\u00a0', ' ');

  /** As somebody else of the tenant in front would. */
  const store = async () => {
    const [, token = ''] = /Token of tenant alpenrose.*\n\n(\S+)/.exec(program.stdout) ?? [];
    const document =
      '{ collection: "examples", externalId: "winter", title: "Parking in winter", body: "Parking is free in winter." }';
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: `mutation { upsertDocuments(input: [${document}]) { __typename } }` }),
    });
    expect(await answer.json()).toMatchObject({
      data: { upsertDocuments: { __typename: 'UpsertDocumentsPayload' } },
    });
  };

  test('opens on the worked examples, each under a name of its own', async () => {
    const names = await page.locator('.graphiql-tab-button').allInnerTexts();
    const expected = (await readExampleTabs()).map(
      ({ query }) => /^(?:query|mutation|subscription) (\w+)/m.exec(query)?.[1],
    );
    expect(names.map((name) => name.trim())).toEqual(expected);
    expect(new Set(names).size).toBe(names.length);
  });

  test('has a token in the headers already', async () => {
    expect(await shown('.graphiql-editor-tool')).toMatch(/"authorization": "Bearer ey/);
  });

  test('shows the hits of the first example', async () => {
    const { status, body } = await execute('Ask');
    expect([status, body.errors]).toEqual([200, undefined]);
    const search = body.data?.search as { edges: { node: { title: string } }[] };
    expect(search.edges).toHaveLength(5);
    const title = search.edges[0]!.node.title;
    await page.locator('.graphiql-response', { hasText: 'SearchConnection' }).waitFor();
    await expect.poll(() => shown('.graphiql-response')).toContain(`"title": "${title}"`);
    await page.screenshot({ path: `${artifacts}graphiql.png` });
  });

  test('runs every example without an error', { timeout: 150_000 }, async () => {
    const tabs = page.locator('.graphiql-tab-button');
    for (let i = 0; i < (await tabs.count()); i++) {
      const name = (await tabs.nth(i).innerText()).trim();
      await tabs.nth(i).click();
      await page.locator('.graphiql-tab-active', { hasText: name }).waitFor();
      await page.locator('.graphiql-query-editor', { hasText: name }).waitFor();
      const { status, body } = await execute(name);
      expect([name, status, body.errors]).toEqual([name, 200, undefined]);
      if (name === 'Watch') await store();
      expect(JSON.stringify(body.data ?? {}), name).not.toMatch(/"__typename":"\w*Error"|"edges":\[\]/);
      await expect.poll(() => shown('.graphiql-response')).toContain('"data"');
      if (name === 'Watch') {
        await expect.poll(() => shown('.graphiql-response')).toContain('"title": "Parking in winter"');
        await page.locator('.graphiql-execute-button').click();
      }
      if (name === 'Later') await expect.poll(() => shown('.graphiql-response')).toContain('"strategy"');
      expect(await shown('.graphiql-response')).not.toContain('"errors"');
      await page.screenshot({ path: `${artifacts}graphiql-${name}.png` });
    }
  });

  const tenantMenu = () => page.getByLabel('Tenant');
  const switchTo = async (tenant: string) => {
    await tenantMenu().selectOption(tenant);
    await page.waitForURL(new RegExp(`tenant=${tenant}`));
    await page.locator('.graphiql-execute-button').waitFor();
  };
  const names = async () =>
    (await page.locator('.graphiql-tab-button').allInnerTexts()).map((name) => name.trim()).filter(Boolean);

  test('goes to an example by the menu, whose tab may be out of sight', async () => {
    await page.getByLabel('Example').selectOption('Overview');
    await page.locator('.graphiql-tab-active', { hasText: 'Overview' }).waitFor();
    const { body } = await execute('Overview');
    expect(body.data?.viewer).toMatchObject({
      tenantId: 'alpenrose',
      scopes: expect.arrayContaining(['tenant:admin']),
    });
  });

  test('switches the tenant: every tab has its token, the example in front is its own, and it is answered', async () => {
    const before = await names();
    const headers = await shown('.graphiql-editor-tool');
    await switchTo('velocraft');
    expect(await tenantMenu().inputValue()).toBe('velocraft');
    expect(await names()).toEqual(before);
    await page.locator('.graphiql-tab-active', { hasText: 'Overview' }).waitFor();
    await expect.poll(() => shown('.graphiql-editor-tool')).toMatch(/"authorization": "Bearer ey/);
    expect(await shown('.graphiql-editor-tool')).not.toBe(headers);
    expect((await execute('Overview')).body.data?.viewer).toMatchObject({ tenantId: 'velocraft' });
    await page.getByLabel('Example').selectOption('Node');
    await page.locator('.graphiql-query-editor', { hasText: 'Node' }).waitFor();
    const { body } = await execute('Node');
    expect(body.data?.node).toMatchObject({ url: expect.stringContaining('velocraft') });
    await page.screenshot({ path: `${artifacts}graphiql-other-tenant.png` });
  });

  test('takes a tab of ones own along to another tenant, with the token of that one', async () => {
    await page.locator('.graphiql-tab-add').click();
    await page.locator('.graphiql-query-editor').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('query Mine { viewer { tenantId } }');
    await page.locator('.graphiql-tab-active', { hasText: 'Mine' }).waitFor();
    expect((await execute('Mine')).body.data).toEqual({ viewer: { tenantId: 'velocraft' } });
    await switchTo('lindenhof');
    await page.locator('.graphiql-tab-active', { hasText: 'Mine' }).waitFor();
    expect((await execute('Mine')).body.data).toEqual({ viewer: { tenantId: 'lindenhof' } });
  });

  test('puts the examples back as they were', async () => {
    expect(await names()).toContain('Mine');
    await page.getByRole('button', { name: 'Examples as they were' }).click();
    await page.locator('.graphiql-tab-active', { hasText: 'Ask' }).waitFor();
    expect(await names()).not.toContain('Mine');
    expect((await execute('Ask')).body.errors).toBeUndefined();
  });

  test('documents everything: the panel shows what each field is', async () => {
    await page.getByRole('button', { name: /Documentation Explorer/ }).click();
    await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).first().click();
    await expect.poll(() => shown('.graphiql-doc-explorer')).toContain('by meaning, by words, or both');
    await page.screenshot({ path: `${artifacts}graphiql-docs.png` });
  });

  test('speaks to nobody but the gateway', () => {
    const elsewhere = requested.filter((one) => !one.startsWith(`${url}/`) && !one.startsWith(`blob:${url}/`));
    expect(elsewhere).toEqual([]);
    expect(requested.length).toBeGreaterThan(3);
  });

  test('has nothing to complain about', () => {
    expect(complaints).toEqual([]);
  });
});
