import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { GraphiQLOptions } from 'graphql-yoga';

/** A worked example, as a tab of GraphiQL. */
export interface ExampleTab {
  readonly query: string;
  /** Sent with the request; in development it holds a token. */
  readonly headers?: Record<string, string>;
}

export interface GraphiqlOptions {
  readonly tabs: readonly ExampleTab[];
  /** Headers of a new tab. */
  readonly headers?: Record<string, string>;
}

/** What GraphiQL opens with. Its page is served from this process; it loads nothing from elsewhere. */
export function graphiqlPage({ tabs, headers = {} }: GraphiqlOptions): GraphiQLOptions {
  const json = (value: object) => JSON.stringify(value, null, 2);
  const [first] = tabs;
  return {
    title: 'Tessera',
    defaultTabs: tabs.map((tab) => ({
      query: tab.query,
      headers: json(tab.headers ?? headers),
    })),
    defaultQuery: first?.query ?? '',
    headers: json(headers),
    defaultHeaders: json(headers),
    defaultEditorToolsVisibility: 'headers',
    inputValueDeprecation: true,
    schemaDescription: true,
  };
}

/**
 * With several tabs at the start, GraphiQL leaves each with the shift of an animation that never ends; a press then moves
 * the tab away from under the pointer, and the click goes nowhere.
 */
const tabsStayPut = '<style>.graphiql-tabs > .graphiql-tab { transform: none !important; }</style>';

/** The page as HTML. */
export function renderGraphiqlPage(options: GraphiQLOptions): string {
  const json = JSON.stringify(options);
  return renderGraphiQL(options)
    .replace('</head>', `${tabsStayPut}</head>`)
    .replace(json, () => asScriptText(json));
}

/** JSON that stands in a script, whatever its texts hold: the library would let them end the script. */
function asScriptText(json: string): string {
  return json.replaceAll('<', '\\u003c');
}
