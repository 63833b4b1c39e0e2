import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const pages = [
  'README.md',
  ...readdirSync(new URL('docs/', root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Paths that a page links to, relative to it; addresses and places within the page are none. */
function linksOf(page: string): string[] {
  const text = readFileSync(new URL(page, root), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^(?:[a-z]+:|#)/.test(target)).map((target) => target.replace(/#.*$/, ''));
}

describe('the documentation', () => {
  test.each(pages)('%s links to files that are there', (page) => {
    const missing = linksOf(page).filter((target) => !existsSync(fileURLToPath(new URL(target, new URL(page, root)))));
    expect(missing).toEqual([]);
  });

  test('names a test for every promise of docs/security.md', () => {
    const text = readFileSync(new URL('docs/security.md', root), 'utf8');
    const promises = text.slice(text.indexOf('## Tenancy'), text.indexOf('## What is not promised'));
    const sections = promises.split(/^## /m).slice(1);
    expect(sections.length).toBeGreaterThanOrEqual(14);
    const unproven = sections.filter((section) => !/\]\(\.\.\/test\/[\w./-]+\.test\.ts\)/.test(section));
    expect(unproven).toEqual([]);
    expect(linksOf('docs/security.md').filter((target) => target.startsWith('../test/')).length).toBeGreaterThan(40);
  });
});
