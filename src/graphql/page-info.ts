/** Relay's page info for a list that is read forwards. */
export function toPageInfo(items: readonly { readonly cursor: string }[], hasNextPage: boolean) {
  return {
    hasNextPage,
    hasPreviousPage: false,
    startCursor: items[0]?.cursor ?? null,
    endCursor: items.at(-1)?.cursor ?? null,
  };
}
