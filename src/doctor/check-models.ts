import { type Finding, orOk } from './finding.ts';

/** A model that the database knows. */
export interface StoredModel {
  readonly name: string;
  readonly dimensions: number;
  /** True where it is a tenant's active model or candidate. */
  readonly inUse: boolean;
}

/** A model that this program is configured for; the first is the one that a new tenant gets. */
export interface ConfiguredModel {
  readonly model: string;
  /** 0 where the embedder could not be opened and its settings do not say. */
  readonly dimensions: number;
}

/** Whether every tenant's models are configured, and whether a new tenant would get one that the others have left. */
export function checkModels(stored: readonly StoredModel[], configured: readonly ConfiguredModel[]): Finding[] {
  const check = 'models';
  const used = stored.filter(({ inUse }) => inUse);
  // Of an embedder without a name another check says what is wrong, and whose it is nobody knows.
  if (configured.some(({ dimensions }) => dimensions === 0)) {
    return [{ check, level: 'skipped', found: 'not every embedder could be opened, so their models are not known' }];
  }
  const isConfigured = (one: StoredModel) =>
    configured.some(({ model, dimensions }) => model === one.name && dimensions === one.dimensions);
  const findings = used
    .filter((one) => !isConfigured(one))
    .map(({ name, dimensions }): Finding => {
      const found = `${name} (${dimensions} dimensions) is the model of some tenants, and not configured here`;
      const fix = 'Set EMBEDDER or NEXT_EMBEDDER and its settings to it; see docs/models.md.';
      return { check, level: 'fault', found, fix };
    });
  const [first, second] = configured;
  if (first && second && used.length > 0 && used.every(({ name }) => name === second.model)) {
    findings.push({
      check,
      level: 'warning',
      found: `every tenant has ${second.model} of NEXT_EMBEDDER, and a new one would get ${first.model}`,
      fix: 'Set EMBEDDER and its settings to what those with NEXT_ say, and remove those.',
    });
  }
  return orOk(
    findings,
    check,
    used.length === 0
      ? 'no tenant has a model yet'
      : `${used.map(({ name }) => name).join(' and ')} of tenants: configured here`,
  );
}
