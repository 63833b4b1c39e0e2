const key = 'tesseraTag';

/** What a contract of a supergraph may want to leave out. */
type Tag = 'admin' | 'diagnostics' | 'write';

/** The `extensions` of a field that federation tools know by a tag. */
export function tagged(tag: Tag): Record<string, Tag> {
  return { [key]: tag };
}

/** The tag of a field, as {@link tagged} gave it. */
export function tagOf(field: { readonly extensions: Readonly<Record<string, unknown>> }): Tag | undefined {
  return field.extensions[key] as Tag | undefined;
}
