import type { OwnerConnection } from '../../db/migrate.ts';
import { type Mapping, type Source, SourceError } from './source.ts';

interface TableRow {
  readonly id: number;
  readonly name: string;
  readonly table_schema: string;
  readonly table_name: string;
  readonly kind: string;
  readonly persistence: string;
  readonly is_partition: boolean;
  readonly has_children: boolean;
  readonly partitions: readonly string[];
}

interface ColumnRow {
  readonly name: string;
  /** As PostgreSQL writes it. */
  readonly type: string;
  /** That of a domain is its base type's. */
  readonly category: string;
  readonly base: string;
  readonly is_built_in: boolean;
  readonly is_required: boolean;
  readonly generated: string;
}

const keyTypes: readonly string[] = ['int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bpchar'];
/** Of PostgreSQL's own: truth values, numbers, texts, times, addresses; arrays and enums. */
const plainCategories = 'BNSDTIAE';

/**
 * Looks at a table that is to be attached.
 * @throws {SourceError} with one sentence for a table or a mapping that would not work.
 */
export async function inspectTable(owner: OwnerConnection, mapping: Mapping): Promise<Source> {
  const table = await readTable(owner, mapping.table);
  const columns = await readColumns(owner, table.id);
  const find = (name: string): ColumnRow => {
    const found = columns.get(name);
    if (found) return found;
    throw new SourceError(
      `${table.name} has no column ${JSON.stringify(name)}; it has ${[...columns.keys()].map((each) => JSON.stringify(each)).join(', ')}.`,
    );
  };
  for (const name of mapping.key) {
    const { type, base, is_required } = find(name);
    if (!keyTypes.includes(base))
      throw new SourceError(
        `The key column ${JSON.stringify(name)} is of type ${type}; integers, uuid and text are allowed.`,
      );
    if (!is_required) throw new SourceError(`The key column ${JSON.stringify(name)} may be null; make it "not null".`);
  }
  const texts = [mapping.title, ...mapping.text, mapping.url].filter((name) => name !== undefined);
  for (const name of texts) {
    const { type, category } = find(name);
    if (category !== 'S')
      throw new SourceError(`The column ${JSON.stringify(name)} is of type ${type}; title, text and url take text.`);
  }
  for (const name of mapping.metadata) {
    const { type, category, base, is_built_in } = find(name);
    if (!(plainCategories.includes(category) || base === 'uuid' || base === 'jsonb') || !is_built_in)
      throw new SourceError(
        `The metadata column ${JSON.stringify(name)} is of type ${type}; PostgreSQL's own texts, numbers, times, truth values, enums, arrays of these, uuid and jsonb are allowed.`,
      );
  }
  const { tenantColumn } = mapping;
  if (
    tenantColumn !== undefined &&
    !(keyTypes.includes(find(tenantColumn).base) || find(tenantColumn).category === 'S')
  )
    throw new SourceError(
      `The tenant column ${JSON.stringify(tenantColumn)} is of type ${find(tenantColumn).type}; text, uuid and integers are allowed.`,
    );
  const used = [...mapping.key, ...texts, ...mapping.metadata, ...(tenantColumn === undefined ? [] : [tenantColumn])];
  const virtual = used.find((name) => find(name).generated === 'v');
  if (virtual !== undefined)
    throw new SourceError(
      `The column ${JSON.stringify(virtual)} is generated when it is read, which no trigger sees; make it "stored".`,
    );
  const foreign = used.find((name) => !find(name).is_built_in);
  if (foreign !== undefined)
    throw new SourceError(
      `The column ${JSON.stringify(foreign)} is of type ${find(foreign).type}, which is not PostgreSQL's own.`,
    );
  return {
    ...mapping,
    name: table.name,
    tableSchema: table.table_schema,
    tableName: table.table_name,
    partitions: table.partitions,
    pageColumns: await readUniqueKey(owner, table, mapping),
  };
}

async function readTable(owner: OwnerConnection, name: string): Promise<TableRow> {
  const { rows } = await owner.query<TableRow>(
    `select c.oid::integer as id, format('%I.%I', n.nspname, c.relname) as name, n.nspname as table_schema, c.relname as table_name,
       c.relkind as kind, c.relpersistence as persistence, c.relispartition as is_partition,
       exists (select from pg_inherits i where i.inhparent = c.oid) as has_children,
       array(select format('%I.%I', pn.nspname, p.relname) from pg_partition_tree(c.oid) t
         join pg_class p on p.oid = t.relid join pg_namespace pn on pn.oid = p.relnamespace
         where t.relid <> c.oid and t.isleaf order by 1) as partitions
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)`,
    [name],
  );
  const [table] = rows;
  if (!table) throw new SourceError(`There is no table ${name}. Name it as SQL does, such as public.articles.`);
  const fault = findTableFault(table);
  if (fault !== undefined) throw new SourceError(`${table.name} ${fault}`);
  return table;
}

function findTableFault(table: TableRow): string | undefined {
  if (table.table_schema === 'tessera') return "is Tessera's own.";
  if (!['r', 'p'].includes(table.kind)) return 'is not a table; views and foreign tables have no rows of their own.';
  if (table.is_partition) return 'is a partition; attach the table that it is a part of.';
  if (table.kind === 'r' && table.has_children) return 'has tables that inherit from it; only partitions are followed.';
  if (table.persistence !== 'p')
    return 'is temporary or unlogged: after a crash it is empty, and nobody would be told. A permanent table is needed.';
  return undefined;
}

async function readColumns(owner: OwnerConnection, table: number): Promise<Map<string, ColumnRow>> {
  const { rows } = await owner.query<ColumnRow>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, b.typcategory as category, b.typname as base,
       coalesce(e.typnamespace, b.typnamespace) = 'pg_catalog'::regnamespace or coalesce(e.typtype, b.typtype) = 'e' as is_built_in,
       a.attnotnull as is_required, a.attgenerated as generated
     from pg_attribute a
     join pg_type t on t.oid = a.atttypid
     join pg_type b on b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
     left join pg_type e on e.oid = nullif(b.typelem, 0) and b.typcategory = 'A'
     where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [table],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/** The smallest unique key of columns that are never null, by which no two rows of a tenant are one document. */
async function readUniqueKey(owner: OwnerConnection, table: TableRow, mapping: Mapping): Promise<readonly string[]> {
  const { rows } = await owner.query<{ columns: readonly string[] }>(
    `select array_agg(a.attname::text order by k.n) as columns
     from pg_index i
     cross join unnest(i.indkey::int2[]) with ordinality k (attnum, n)
     join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
     where i.indrelid = $1 and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null and k.n <= i.indnkeyatts
     group by i.indexrelid, i.indnkeyatts having bool_and(a.attnotnull) and count(*) = i.indnkeyatts order by count(*)`,
    [table.id],
  );
  const allowed = new Set([...mapping.key, ...(mapping.tenantColumn === undefined ? [] : [mapping.tenantColumn])]);
  const found = rows.find(({ columns }) => columns.every((name) => allowed.has(name)));
  if (found) return found.columns;
  throw new SourceError(
    `No primary key or unique index of ${table.name} consists of ${[...allowed].map((name) => JSON.stringify(name)).join(', ')} and of columns that are "not null", so two rows could be one document.`,
  );
}
