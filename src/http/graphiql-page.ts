import { readFileSync } from 'node:fs';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { GraphiQLOptions } from 'graphql-yoga';

/** A worked example, as a tab of GraphiQL. */
export interface ExampleTab {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A tenant to explore as. */
export interface GraphiqlTenant {
  readonly name: string;
  /** Sent with every request; they hold a token. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tabs: readonly ExampleTab[];
}

export interface GraphiqlOptions {
  /** What it opens with where there are no tenants to choose from. */
  readonly tabs: readonly ExampleTab[];
  /** Tenants to switch between; in development only. Asked for with every page, for their documents may have come or gone. */
  readonly tenants?: () => Promise<readonly GraphiqlTenant[]>;
}

interface PageOptions extends GraphiQLOptions {
  readonly tenants?: readonly GraphiqlTenant[];
}

/** What GraphiQL opens with. Its page is served from this process; it loads nothing from elsewhere. */
export async function graphiqlPage({ tabs, tenants }: GraphiqlOptions): Promise<PageOptions> {
  return {
    title: 'Tessera',
    defaultTabs: tabs.map(({ query, variables }) => ({ query, ...(variables && { variables: toText(variables) }) })),
    defaultQuery: tabs[0]?.query ?? '',
    defaultEditorToolsVisibility: 'headers',
    inputValueDeprecation: true,
    schemaDescription: true,
    ...(tenants && { tenants: await tenants() }),
  };
}

function toText(value: object): string {
  return JSON.stringify(value, null, 2);
}

/**
 * With several tabs at the start, GraphiQL leaves each with the shift of an animation that never ends; a press then moves
 * the tab away from under the pointer, and the click goes nowhere.
 */
const tabsStayPut = '.graphiql-tabs > .graphiql-tab { transform: none !important; }';

const file = (name: string) => readFileSync(new URL(`./graphiql-page/${name}`, import.meta.url), 'utf8');
const tenantBar = { script: file('tenant-bar.js'), style: file('tenant-bar.css') };

/** The page as HTML: with a bar to switch tenants, where there are any. */
export function renderGraphiqlPage({ tenants = [], ...options }: PageOptions): string {
  const json = JSON.stringify(options);
  const hasTenants = tenants.length > 0;
  const style = `<style>${tabsStayPut}${hasTenants ? tenantBar.style : ''}</style>`;
  const opened = hasTenants
    ? `openAsTenant(${asScriptText(json)}, ${asScriptText(JSON.stringify(tenants))})`
    : asScriptText(json);
  return renderGraphiQL(options)
    .replace('</head>', `${style}</head>`)
    .replace('<div id="root">', () => `${hasTenants ? `<script>${tenantBar.script}</script>` : ''}<div id="root">`)
    .replace(json, () => opened);
}

/** JSON that stands in a script, whatever its texts hold: the library would let them end the script. */
function asScriptText(json: string): string {
  return json.replaceAll('<', '\\u003c');
}
