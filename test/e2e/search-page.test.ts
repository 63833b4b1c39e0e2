import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cleanUp, newFolder, type Program, run, start } from '../cli/program.ts';
import { noBrowserReason, openBrowser } from '../support/browser.ts';

const artifacts = fileURLToPath(new URL('../../.artifacts/', import.meta.url));
const question = 'the shower is only tepid';
const answer = 'No hot water in a guest room';
const hostile = {
  title: '<img src=x onerror="window.hurt = 1"> zeppelin',
  body: 'A zeppelin </script><script>window.hurt = 1</script> over <img src=x onerror="window.hurt = 1"> the lake.',
  url: 'https://alpenrose.example/"><script>window.hurt=1</script>',
};

describe.skipIf(noBrowserReason !== undefined)('the search page in a browser', { timeout: 60_000 }, () => {
  let env: Record<string, string>;
  let program: Program;
  let browser: Browser;
  let page: Page;
  let url: string;
  let tokens: Map<string, string>;
  let complaints: string[];
  let requested: string[];

  beforeAll(async () => {
    env = { DATA_DIR: await newFolder(), PORT: '0' };
    program = start(['serve'], env);
    const starting = program.waitFor('stdout', /(http:\S+)\/graphql\s[\s\S]*Stop with/);
    browser = await openBrowser();
    [, url = ''] = await starting;
    const settings = (await (await fetch(`${url}/search-page/settings.json`)).json()) as {
      tenants: { name: string; token: string }[];
    };
    tokens = new Map(settings.tenants.map(({ name, token }) => [name, token]));
    await mkdir(artifacts, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await program?.kill();
    await cleanUp();
  });
  beforeEach(() => {
    complaints = [];
    requested = [];
  });
  afterEach(async () => {
    await page?.context().close();
    expect(complaints).toEqual([]);
    expect(requested.filter((one) => !one.startsWith(`${url}/`))).toEqual([]);
  });

  async function open(path = '/', options: BrowserContextOptions = {}, given?: BrowserContext): Promise<void> {
    const context = given ?? (await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options }));
    page = await context.newPage();
    page.on('request', (request) => requested.push(request.url()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    await page.goto(`${url}${path}`);
  }

  const titles = () => page.locator('#hits .title').allInnerTexts();
  const firstTitle = () => page.locator('#hits .title').first();
  const ready = () => page.locator('#collection-list input').first().waitFor({ state: 'attached' });
  const counted = () => page.locator('#status', { hasText: /hits? in \d+ ms/ }).waitFor();
  const focused = () => page.evaluate('document.activeElement.textContent || document.activeElement.id');

  async function graphql(tenant: string, query: string, variables: object = {}) {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens.get(tenant)}` },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as { data: Record<string, unknown> };
  }

  test('a question typed key by key finds its answer first, with scores, a count and the time it took', async () => {
    await open();
    await ready();
    expect(await focused()).toBe('text');
    await page.locator('#text').pressSequentially(question, { delay: 30 });
    await expect.poll(() => firstTitle().innerText()).toBe(answer);
    await counted();
    expect(await page.locator('#hits li').first().locator('dt').allInnerTexts()).toEqual(['meaning', 'words', 'fused']);
    // The answer may be there before the last key is.
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe(question);
    expect(page.url()).not.toContain('eyJ');
    await page.screenshot({ path: `${artifacts}search-page.png` });
  });

  test('words of the question are marked, where they stand and nowhere else', async () => {
    await open('/?q=hot+water');
    await firstTitle().waitFor();
    const marks = await page.locator('#hits mark').allInnerTexts();
    expect(marks.length).toBeGreaterThan(3);
    expect(marks.filter((mark) => !/^(?:hot|water)/i.test(mark))).toEqual([]);
  });

  test('answers never come out of order', async () => {
    await open();
    await ready();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const isFirst = (request: Request) => request.postData()?.includes('"first words"') ?? false;
    await page.route('**/graphql', async (route) => {
      if (isFirst(route.request())) await held;
      await route.continue().catch(() => {});
    });
    const ended = Promise.race([
      page.waitForEvent('requestfailed', isFirst).then(() => 'given up'),
      page.waitForEvent('requestfinished', isFirst).then(() => 'answered'),
    ]);
    const sent = page.waitForRequest(isFirst);
    await page.fill('#text', 'first words');
    await sent;
    await page.fill('#text', question);
    await expect.poll(() => firstTitle().innerText()).toBe(answer);
    release();
    expect(await ended).toBe('given up');
    expect(await firstTitle().innerText()).toBe(answer);
  });

  test('another tenant is another world', async () => {
    await open(`/?q=${encodeURIComponent(question)}`);
    await expect.poll(() => firstTitle().innerText()).toBe(answer);
    const before = await titles();
    await page.selectOption('#tenant', 'velocraft');
    await expect.poll(async () => (await titles()).length > 0 && !(await titles()).includes(answer)).toBe(true);
    expect((await titles()).filter((title) => before.includes(title))).toEqual([]);
    expect(new URL(page.url()).searchParams.get('tenant')).toBe('velocraft');
    await page.selectOption('#tenant', 'alpenrose');
    await expect.poll(titles).toEqual(before);
  });

  test('the address brings back the whole search', async () => {
    await open('/?q=water&mode=KEYWORD&groupBy=CHUNK&collection=guest-info&tenant=alpenrose');
    await firstTitle().waitFor();
    const values = await Promise.all(['#mode', '#groupBy', '#tenant'].map((id) => page.locator(id).inputValue()));
    expect(values).toEqual(['KEYWORD', 'CHUNK', 'alpenrose']);
    expect(await page.locator('#filter-count').innerText()).toBe('(1)');
    const about = await page.locator('#hits li > .about:nth-child(2)').allInnerTexts();
    expect(about.filter((line) => !line.startsWith('guest-info'))).toEqual([]);
  });

  test('a filter that leaves nothing says so, and can be cleared', async () => {
    await open('/?q=water');
    await firstTitle().waitFor();
    await page.fill('#status-filter', 'draft');
    await page.locator('#status-filter').press('Tab');
    await page.locator('#notices', { hasText: 'Nothing was found' }).waitFor();
    await page.click('#clear');
    await firstTitle().waitFor();
    await page.fill('#created', '2999-01-01');
    await page.locator('#created').press('Tab');
    await page.locator('#notices', { hasText: 'Nothing was found' }).waitFor();
  });

  test('more hits come behind those that are there, none twice', async () => {
    await open('/?q=water');
    await firstTitle().waitFor();
    const before = await titles();
    await page.click('#more');
    await expect.poll(async () => (await titles()).length).toBeGreaterThan(before.length);
    const after = await titles();
    expect(after.slice(0, before.length)).toEqual(before);
    expect(new Set(after).size).toBe(after.length);
  });

  test('why these results: the strategy, the stages and the recall', async () => {
    await open(`/?q=${encodeURIComponent(question)}&recall=EXACT`);
    await firstTitle().waitFor();
    await page.click('#why summary');
    await page.locator('#explanation table').waitFor();
    const explained = await page.locator('#explanation').innerText();
    expect(explained).toMatch(/HYBRID/);
    expect(explained).toMatch(/exact: nothing can have been missed/);
    expect(await page.locator('#explanation tbody th').allInnerTexts()).toContain('fused');
  });

  test('why not another: a sentence about a document that was chosen, or whose id was pasted', async () => {
    await open('/?q=water&mode=KEYWORD&collection=guest-info');
    await firstTitle().waitFor();
    const found = await firstTitle().innerText();
    const said = () => page.locator('#missing-answer').innerText();
    await page.click('#why-not summary');
    await page.selectOption('#candidate', { label: `${answer} (handbook)` });
    await page.click('#missing button');
    await expect.poll(said).toContain('filters or the chosen collections exclude it');
    await page.selectOption('#candidate', { label: `${found} (guest-info)` });
    await page.click('#missing button');
    await expect.poll(said).toContain('among the hits: number 1');
    const { data } = await graphql('velocraft', '{ documents(first: 1) { edges { node { id } } } }');
    const [foreign] = (data.documents as { edges: { node: { id: string } }[] }).edges;
    await page.fill('#candidate-id', foreign?.node.id ?? '');
    await page.click('#missing button');
    await expect.poll(said).toContain('There is no such document for this tenant');
  });

  test('is used by keyboard alone', async () => {
    await open(`/?q=${encodeURIComponent(question)}`);
    await firstTitle().waitFor();
    const [first = '', second = ''] = await titles();
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe(first);
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe(second);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.locator('#document .body .best').waitFor();
    expect(await page.locator('#document-title').innerText()).toBe(first);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('#document').isVisible()).toBe(false);
    expect(await focused()).toBe(first);
    await page.keyboard.press('/');
    expect(await focused()).toBe('text');
  });

  test('a document is shown whole, with its best passage in place', async () => {
    await open('/?q=hot+water&mode=KEYWORD');
    await firstTitle().click();
    await page.locator('#document dl').waitFor();
    const { data } = await graphql(
      'alpenrose',
      '{ search(input: { text: "hot water", mode: KEYWORD }, first: 1) { ... on SearchConnection { edges { chunk { text } node { body } } } } }',
    );
    const [edge] = (data.search as { edges: { chunk: { text: string }; node: { body: string } }[] }).edges;
    expect(await page.locator('#document .body').textContent()).toBe(edge?.node.body);
    expect((await page.locator('#document .body .best').allTextContents()).join('')).toBe(edge?.chunk.text);
    const marks = await page.locator('#document mark').allTextContents();
    expect(marks.length).toBeGreaterThan(0);
    expect(marks.filter((mark) => !/^(?:hot|water)/i.test(mark))).toEqual([]);
  });

  test('a document full of HTML is shown as the text that it is', async () => {
    const input = [{ ...hostile, collection: 'notes', externalId: 'hostile' }];
    await graphql(
      'alpenrose',
      'mutation($input: [UpsertDocumentInput!]!) { upsertDocuments(input: $input) { __typename } }',
      { input },
    );
    await open('/?q=zeppelin&mode=KEYWORD');
    await expect.poll(titles).toContain(hostile.title);
    const item = page.locator('#hits li', { hasText: hostile.title });
    expect(await item.locator('.text').textContent()).toBe(hostile.body);
    expect(await item.locator('mark').allInnerTexts()).toEqual(['zeppelin']);
    await item.locator('.title').click();
    await page.locator('#document dl').waitFor();
    expect(await page.locator('#document-title').innerText()).toBe(hostile.title);
    expect(await page.locator('#document .body').textContent()).toBe(hostile.body);
    expect(
      await page.evaluate(
        '[window.hurt, document.querySelectorAll("main img, dialog img, main script, dialog script").length]',
      ),
    ).toEqual([undefined, 0]);
  });

  test('the policy of the page is in force: HTML cannot be written at all', async () => {
    await open();
    await ready();
    expect(await page.evaluate('try { document.body.innerHTML = "<p>"; "written" } catch (error) { error.name }')).toBe(
      'TypeError',
    );
    complaints = [];
  });

  test('a token is kept in the tab, never in the address, and a bad one is refused in words', async () => {
    await open('/?q=water');
    await firstTitle().waitFor();
    await page.selectOption('#tenant', { label: 'by token' });
    await page.locator('#status', { hasText: 'Paste a token' }).waitFor();
    expect(await titles()).toEqual([]);
    await page.fill('#token', tokens.get('lindenhof') ?? '');
    await page.click('#token-form button');
    await firstTitle().waitFor();
    const { data } = await graphql('lindenhof', '{ documents(first: 100) { edges { node { title } } } }');
    const own = (data.documents as { edges: { node: { title: string } }[] }).edges.map(({ node }) => node.title);
    expect((await titles()).filter((title) => !own.includes(title))).toEqual([]);
    expect(page.url()).not.toContain('eyJ');
    expect(await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')).toEqual([0, 1, '']);
    await page.fill('#token', 'nonsense');
    await page.click('#token-form button');
    await page.locator('#notices [role=alert]', { hasText: /UNAUTHENTICATED, request [\w-]{36}/ }).waitFor();
    expect(await titles()).toEqual([]);
    complaints = complaints.filter((complaint) => !complaint.includes('status of 401'));
  });

  test('a token that may only search is shown passages, and why there is no more', async () => {
    const { stdout } = await run(['token', '--tenant', 'alpenrose', '--scope', 'search'], env);
    await open('/?q=hot+water');
    await firstTitle().waitFor();
    await page.selectOption('#tenant', { label: 'by token' });
    await page.fill('#token', stdout.trim());
    await page.click('#token-form button');
    await firstTitle().click();
    await page.locator('#document .notice', { hasText: 'documents:read' }).waitFor();
    expect(await page.locator('#document .best').count()).toBeGreaterThan(0);
    expect(await page.locator('#collections').isVisible()).toBe(false);
  });

  test('asks for a token where the gateway gives it none, as a server does', async () => {
    const context = await browser.newContext();
    await context.route('**/settings.json', (route) => route.fulfill({ json: { tenants: [], graphiql: false } }));
    await open('/?q=hot+water', {}, context);
    await page.locator('#status', { hasText: 'Paste a token' }).waitFor();
    const visible = ['#tenant-field', '#graphiql', '#token-form'].map((id) => page.locator(id).isVisible());
    expect(await Promise.all(visible)).toEqual([false, false, true]);
    await page.fill('#token', tokens.get('alpenrose') ?? '');
    await page.keyboard.press('Enter');
    await expect.poll(() => firstTitle().innerText()).toBe(answer);
    await page.reload();
    await expect.poll(() => firstTitle().innerText()).toBe(answer);
  });

  test('says so when the gateway does not answer, and finds again when it does', async () => {
    await open();
    await ready();
    await page.route('**/graphql', (route) => route.abort());
    await page.fill('#text', 'water');
    await page.locator('#notices [role=alert]', { hasText: 'The gateway did not answer' }).waitFor();
    await page.unroute('**/graphql');
    await page.fill('#text', question);
    await expect.poll(() => firstTitle().innerText()).toBe(answer);
    expect(await page.locator('#notices').innerText()).toBe('');
    complaints = complaints.filter((complaint) => !complaint.includes('ERR_FAILED'));
  });

  test('fits a phone', async () => {
    await open('/?q=hot+water', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    await firstTitle().waitFor();
    for (const id of ['#filters', '#why', '#why-not', '#query']) await page.click(`${id} summary`);
    await page.locator('#explanation table').waitFor();
    expect(await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')).toEqual([360, 360]);
    await page.screenshot({ path: `${artifacts}search-page-phone.png` });
    await firstTitle().click();
    await page.locator('#document dl').waitFor();
    expect(await page.evaluate('document.getElementById("document").scrollWidth <= innerWidth')).toBe(true);
  });

  test.each(['light', 'dark'] as const)('is %s where the reader wants it', async (colorScheme) => {
    await open(`/?q=${encodeURIComponent(question)}`, { colorScheme });
    await firstTitle().waitFor();
    const [, ...rgb] =
      /(\d+), (\d+), (\d+)/.exec(String(await page.evaluate('getComputedStyle(document.body).backgroundColor'))) ?? [];
    const brightness = Math.max(...rgb.map(Number));
    expect(colorScheme === 'dark' ? brightness < 60 : brightness > 200).toBe(true);
    await page.screenshot({ path: `${artifacts}search-page-${colorScheme}.png` });
  });

  test('the query behind the page runs as it is copied', async () => {
    await open('/?q=%22hot+water%22+-bottle&mode=KEYWORD&collection=handbook&created=2020-01-01&status=published');
    await firstTitle().waitFor();
    const text = (await page.locator('#query-text').textContent()) ?? '';
    const { data } = await graphql('alpenrose', text);
    const { edges } = data.search as { edges: { node: { title: string } }[] };
    expect(edges.map(({ node }) => node.title)).toEqual(await titles());
  });
});
