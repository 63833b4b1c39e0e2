import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { productsSdl } from '../../examples/products/products.ts';
import { cleanUp, newFolder, type Program, run, start, startFile } from '../cli/program.ts';
import { noBrowserReason, openBrowser } from '../support/browser.ts';
import { composeSupergraph, type RunningSupergraph, runSupergraph } from '../support/supergraph.ts';

/** Tests that need a browser. */
const inBrowser = test.skipIf(noBrowserReason !== undefined);
const artifacts = fileURLToPath(new URL('../../.artifacts/', import.meta.url));
const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}/main.ts`, import.meta.url));

describe('the examples, beside what "npm start" opens', { timeout: 60_000 }, () => {
  const programs: Program[] = [];
  let gateway: string;
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    const env = { DATA_DIR: await newFolder(), PORT: '0', FEDERATION: 'true' };
    const tessera = start(['serve'], env);
    programs.push(tessera);
    const [, url = ''] = await tessera.waitFor('stdout', /(http:\S+\/graphql)\s[\s\S]*Stop with/);
    gateway = url;
    for (const [, tenant = '', token = ''] of tessera.stdout.matchAll(/Token of tenant (\w+).*\n\n(\S+)/g))
      tokens.set(tenant, token);
  });
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    await cleanUp();
  });

  describe('search-box', () => {
    const complaints: string[] = [];
    let url: string;
    let browser: Browser | undefined;
    let page: Page;
    beforeAll(async () => {
      const env = { PORT: '0', TESSERA_URL: gateway, TESSERA_TOKEN: tokens.get('alpenrose') ?? '' };
      const program = startFile(example('search-box'), env);
      programs.push(program);
      [, url = ''] = await program.waitFor('stdout', /answers at (http:\S+)/);
      if (noBrowserReason !== undefined) return;
      browser = await openBrowser();
      page = await browser.newPage();
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(url);
    });
    afterAll(() => browser?.close());

    test('says what it needs, without a token', async () => {
      const { status, stderr } = await startFile(example('search-box')).finished;
      expect([status, stderr]).toEqual([1, expect.stringContaining('Set TESSERA_TOKEN')]);
    });

    test('hands requests on with the token, and sends the browser none', async () => {
      const read = async (path: string) => (await fetch(`${url}${path}`)).text();
      const [html, script] = [await read(''), await read('search-box.js')];
      expect(html).toContain('/search-box.js');
      expect(script).toContain('SearchBox');
      expect(html + script).not.toContain('eyJ');
      const answer = await fetch(`${url}graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ viewer { tenantId } }' }),
      });
      expect(await answer.json()).toMatchObject({ data: { viewer: { tenantId: 'alpenrose' } } });
    });

    const titles = () => page.locator('li h2').allInnerTexts();
    const asked = (text: string) => JSON.stringify({ text });

    inBrowser('finds while one types: one request when the typing stops, not one a letter', async () => {
      const sent: string[] = [];
      page.on('request', (request) => sent.push(request.postData() ?? ''));
      await page.getByRole('searchbox').pressSequentially('where can I leave my car', { delay: 5 });
      await expect.poll(titles).toContain('Parking at the three houses');
      const searches = sent.filter((body) => body.includes('SearchBox'));
      expect(searches.at(-1)).toContain(asked('where can I leave my car'));
      expect(searches.length).toBeLessThan('where can I leave my car'.length / 2);
      await page.screenshot({ path: `${artifacts}search-box.png` });
    });

    inBrowser(
      'takes back what is on its way when more is typed, and shows the answer to what stands there',
      async () => {
        const taken: string[] = [];
        page.on('requestfailed', (request) => taken.push(request.postData() ?? ''));
        let release = () => {};
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        await page.route('**/graphql', async (route) => {
          if (route.request().postData()?.includes(asked('wifi'))) await held;
          await route.continue().catch(() => {});
        });
        const box = page.getByRole('searchbox');
        const first = page.waitForRequest((request) => request.postData()?.includes(asked('wifi')) ?? false);
        await box.fill('wifi');
        await first;
        await box.fill('lost umbrella');
        await expect.poll(() => taken.some((body) => body.includes(asked('wifi')))).toBe(true);
        await expect.poll(titles).toContain('Lost property');
        release();
        await box.fill('');
        await expect.poll(titles).toEqual([]);
        await page.unroute('**/graphql');
      },
    );

    inBrowser('says what is wrong', async () => {
      await page.getByRole('searchbox').fill('x'.repeat(8_001));
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').innerText()).toMatch(/8001 characters; at most 8000/);
      expect(complaints).toEqual([]);
    });
  });

  describe('products', () => {
    let supergraph: RunningSupergraph;
    beforeAll(async () => {
      const program = startFile(example('products'), { PORT: '0' });
      programs.push(program);
      const [, url = ''] = await program.waitFor('stdout', /answers at (http:\S+)/);
      const { stdout: sdl } = await run(['schema', '--federation', '--without-access']);
      supergraph = await runSupergraph(
        composeSupergraph([
          { name: 'products', url, sdl: productsSdl },
          { name: 'tessera', url: gateway, sdl },
        ]),
      );
    });
    afterAll(() => supergraph?.close());

    test('have their guides and what is related to them, as the tenant that wrote those', async () => {
      const query =
        '{ products { name guide { title } related { documents(first: 2) { edges { node { title } } } } } }';
      const { data, errors } = await supergraph.ask(tokens.get('velocraft'), query);
      expect(errors).toBeUndefined();
      const products = data?.products as { guide: unknown; related: { documents: { edges: unknown[] } } }[];
      expect(products).toHaveLength(3);
      expect(products[0]).toMatchObject({ name: 'Disc brake pads', guide: { title: 'Noisy disc brakes' } });
      for (const { related } of products) expect(related.documents.edges).toHaveLength(2);
      const other = await supergraph.ask(tokens.get('alpenrose'), '{ products { guide { title } } }');
      expect(other.data?.products).toEqual([{ guide: null }, { guide: null }, { guide: null }]);
    });
  });
});
