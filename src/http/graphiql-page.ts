import type { GraphiQLOptions } from 'graphql-yoga';

/** A worked example, as a tab of GraphiQL. */
export interface ExampleTab {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
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
      variables: json(tab.variables ?? {}),
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
