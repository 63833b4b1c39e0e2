-- Words in every built-in language, several of them in one tenant, and a word index for each large part of a tenant.

-- Every configuration that PostgreSQL 17 is delivered with. The signature is the one of before, so the generated columns of
-- `chunks` go on by it; rows in one of the languages that are new here cannot exist yet, because nothing wrote them.
create or replace function tessera.lexemes(language text, body text) returns tsvector
language sql immutable parallel safe
return case language
  when 'english' then to_tsvector('pg_catalog.english'::regconfig, body)
  when 'arabic' then to_tsvector('pg_catalog.arabic'::regconfig, body)
  when 'armenian' then to_tsvector('pg_catalog.armenian'::regconfig, body)
  when 'basque' then to_tsvector('pg_catalog.basque'::regconfig, body)
  when 'catalan' then to_tsvector('pg_catalog.catalan'::regconfig, body)
  when 'danish' then to_tsvector('pg_catalog.danish'::regconfig, body)
  when 'dutch' then to_tsvector('pg_catalog.dutch'::regconfig, body)
  when 'finnish' then to_tsvector('pg_catalog.finnish'::regconfig, body)
  when 'french' then to_tsvector('pg_catalog.french'::regconfig, body)
  when 'german' then to_tsvector('pg_catalog.german'::regconfig, body)
  when 'greek' then to_tsvector('pg_catalog.greek'::regconfig, body)
  when 'hindi' then to_tsvector('pg_catalog.hindi'::regconfig, body)
  when 'hungarian' then to_tsvector('pg_catalog.hungarian'::regconfig, body)
  when 'indonesian' then to_tsvector('pg_catalog.indonesian'::regconfig, body)
  when 'irish' then to_tsvector('pg_catalog.irish'::regconfig, body)
  when 'italian' then to_tsvector('pg_catalog.italian'::regconfig, body)
  when 'lithuanian' then to_tsvector('pg_catalog.lithuanian'::regconfig, body)
  when 'nepali' then to_tsvector('pg_catalog.nepali'::regconfig, body)
  when 'norwegian' then to_tsvector('pg_catalog.norwegian'::regconfig, body)
  when 'portuguese' then to_tsvector('pg_catalog.portuguese'::regconfig, body)
  when 'romanian' then to_tsvector('pg_catalog.romanian'::regconfig, body)
  when 'russian' then to_tsvector('pg_catalog.russian'::regconfig, body)
  when 'serbian' then to_tsvector('pg_catalog.serbian'::regconfig, body)
  when 'spanish' then to_tsvector('pg_catalog.spanish'::regconfig, body)
  when 'swedish' then to_tsvector('pg_catalog.swedish'::regconfig, body)
  when 'tamil' then to_tsvector('pg_catalog.tamil'::regconfig, body)
  when 'turkish' then to_tsvector('pg_catalog.turkish'::regconfig, body)
  when 'yiddish' then to_tsvector('pg_catalog.yiddish'::regconfig, body)
  else to_tsvector('pg_catalog.simple'::regconfig, body)
end;

-- Whether `lexemes` knows a language. Searches turn a stored language into a configuration, so an unknown one must not
-- get in.
create function tessera.is_language(language text) returns boolean
language sql immutable parallel safe
return language in (
  'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'finnish', 'french', 'german', 'greek', 'hindi',
  'hungarian', 'indonesian', 'irish', 'italian', 'lithuanian', 'nepali', 'norwegian', 'portuguese', 'romanian', 'russian',
  'serbian', 'simple', 'spanish', 'swedish', 'tamil', 'turkish', 'yiddish'
);

alter table tessera.collections add constraint collections_language_check check (tessera.is_language(language));
-- Not validated, for that would read every row of a large table, and nothing has written any other language.
alter table tessera.chunks add constraint chunks_language_check check (tessera.is_language(language)) not valid;

-- Term weights stay in their row and are not compressed, in the covering index either: unpacking them took more than half
-- of an exact scan, 20.9 ms of 20,000 chunks against 8.8 ms, for 0.8 kB of index a chunk in place of 0.5 kB. The text and its
-- lexemes, which no ranking looks at, go out of line instead. At most 300 terms are 2.4 kB, so they always fit. Index entries
-- that are there already stay packed until `reindex index concurrently tessera.chunks_terms`.
alter table tessera.chunks alter column terms set storage plain;

-- The languages of the current tenant's chunks, in order: from one to the next by the covering index, a probe each. Read
-- anew by every search, because a document is found by its words in the very commit that writes it, also where it is
-- the first of its language; 30 microseconds for one language.
--
-- The plan is made once a session, perhaps while the table is empty, so it may be nothing but a probe of the index.
create function tessera.tenant_languages() returns setof text
language plpgsql stable parallel safe rows 1
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  tenant text := tessera.current_tenant();
  spoken text;
begin
  select c.language into spoken from tessera.chunks c where c.tenant_id = tenant order by c.language limit 1;
  while spoken is not null loop
    return next spoken;
    select c.language into spoken from tessera.chunks c
    where c.tenant_id = tenant and c.language > spoken order by c.language limit 1;
  end loop;
end
$$;

-- A query's words as inverse document frequencies among the current tenant's chunks of a language (`terms`), what a text
-- with every word would weigh (`weight`), and, for a budget above 0, which chunks are worth scoring (`rarest`).
--
-- Scoring a chunk that the word index finds means visiting its page, 1.2 microseconds, so few are to be found: those with
-- any of the rarest words, until a quarter of the budget is full, and of the commoner words those with two, until the
-- budget is. A chunk with but one common word hardly ever reaches the first ten. How many have two is taken for twice what
-- independent words would give. Null, and every chunk is scored, where that finds nothing, or perhaps fewer than are wanted
-- of more.
--
-- The numbers of the terms are computed before they are looked up: md5 is not leakproof, so a condition with it uses no index
-- under a policy, and `rarest_words`, which this replaces, read all of a tenant's 30,000 terms, 6 ms.
create function tessera.weigh_words(language text, query text, row_budget integer, least_rows integer, out terms sparsevec, out weight float8,
  out rarest tsquery)
language plpgsql stable parallel safe
set plan_cache_mode = force_generic_plan
set search_path from current
as $$
#variable_conflict use_column
declare
  tenant text := tessera.current_tenant();
  corpus float8 := (
    select coalesce(max(c.chunks), 0) from tessera.corpus_stats c
    where c.tenant_id = tenant and c.language = weigh_words.language
  );
  words text[];
  counts integer[];
begin
  with word as materialized (
    select l.lexeme, tessera.term_id(l.lexeme) as id from unnest(tessera.lexemes(weigh_words.language, weigh_words.query)) l
  ), counted as materialized (
    select w.lexeme, w.id, coalesce((
        select s.chunks from tessera.term_stats s
        where s.tenant_id = tenant and s.language = weigh_words.language and s.term = w.id
      ), 0) as df
    from word w
  ), weighted as (
    select c.id, ln(1 + (greatest(corpus, min(c.df)) - min(c.df) + 0.5) / (min(c.df) + 0.5))::float4 as idf
    from counted c group by c.id
  )
  select ('{' || coalesce(string_agg(w.id || ':' || w.idf, ',' order by w.id), '') || '}/268435456')::sparsevec,
    coalesce(sum(w.idf), 0),
    (select array_agg(quote_literal(c.lexeme) order by c.df, c.lexeme) from counted c),
    (select array_agg(c.df order by c.df, c.lexeme) from counted c)
  into terms, weight, words, counts
  from weighted w;
  if row_budget > 0 then
    rarest := tessera.worth_scoring(words, counts, corpus, row_budget, least_rows);
  end if;
end
$$;

-- What `weigh_words` looks for, by the words in the order of the number of chunks that hold them.
create function tessera.worth_scoring(words text[], counts integer[], corpus float8, row_budget integer, least_rows integer) returns tsquery
language plpgsql immutable parallel safe
as $$
declare
  wanted text[] := '{}';
  most float8 := 0;
  likely float8 := 0;
  singles integer := 0;
  shared float8;
begin
  for i in 1 .. coalesce(cardinality(words), 0) loop
    exit when most + counts[i] > case when i = 1 then row_budget else row_budget / 4 end;
    most := most + counts[i];
    wanted := wanted || words[i];
    singles := i;
  end loop;
  likely := most;
  -- The rarest eight of the others: long questions have many common words, and pairs grow with their square.
  <<pairs>>
  for j in singles + 2 .. least(cardinality(words), singles + 8) loop
    for i in singles + 1 .. j - 1 loop
      shared := counts[i]::float8 * counts[j] / greatest(corpus, 1);
      exit pairs when most + least(counts[i], 2 * shared) > row_budget;
      most := most + least(counts[i], 2 * shared);
      likely := likely + shared;
      wanted := wanted || format('(%s & %s)', words[i], words[j]);
    end loop;
  end loop;
  if wanted = '{}' or (singles < cardinality(words) and likely < least_rows) then
    return null;
  end if;
  return array_to_string(wanted, ' | ')::tsquery;
end
$$;

-- A query in each of the tenant's languages, as `weigh_words` has it (`rarest` only where the language has a word index), and
-- what a score in this language is to be multiplied by (`scale`).
--
-- Scores are compared between languages by how much of the query they cover. A word that a language hardly has is rare in
-- it and would weigh most there: one German name in an English text would beat every German text. So scores are scaled
-- to the weight in the language with most chunks, whose scores, like those of a tenant with one language, stay as they are.
create function tessera.query_words(query text, indexed text[], row_budget integer, least_rows integer)
returns table (language text, terms sparsevec, weight float8, scale float8, rarest tsquery)
language plpgsql stable parallel safe rows 1
set plan_cache_mode = force_generic_plan
set search_path from current
as $$
#variable_conflict use_column
declare
  spoken text[] := array(select l from tessera.tenant_languages() l);
  main float8;
begin
  if cardinality(spoken) > 1 then
    select w.weight into main
    from unnest(spoken) as s (name)
    cross join lateral tessera.weigh_words(s.name, query, 0, 0) w
    left join tessera.corpus_stats c on c.tenant_id = tessera.current_tenant() and c.language = s.name
    order by w.weight = 0, coalesce(c.chunks, 0) desc, s.name
    limit 1;
  end if;
  foreach language in array spoken loop
    select w.terms, w.weight, w.rarest into terms, weight, rarest
    from tessera.weigh_words(language, query, case when language = any(indexed) then row_budget else 0 end, least_rows) w;
    scale := coalesce(main / nullif(weight, 0), 1);
    weight := coalesce(main, weight);
    return next;
  end loop;
end
$$;

-- Chunks of the current tenant that satisfy quoted phrases, excluded words and required words, each in its own language.
create function tessera.matching_chunks(conditions text) returns setof uuid
language plpgsql stable parallel safe
as $$
declare
  spoken text;
begin
  for spoken in select l from tessera.tenant_languages() l loop
    return query select tessera.keyword_matches(spoken, websearch_to_tsquery(spoken::regconfig, conditions));
  end loop;
end
$$;

-- The partial GIN index of a tenant's chunks of one language, where they are many enough to have one, and since when that is
-- as it is. The number of chunks is what the worker counted, within 5 %.
alter table tessera.corpus_stats
  add column word_index text,
  add column word_index_changed_at timestamptz;

create policy operator_reads on tessera.corpus_stats for select to tessera_operator using (true);
create policy operator_updates on tessera.corpus_stats for update to tessera_operator using (true) with check (true);
grant select, update (word_index, word_index_changed_at) on tessera.corpus_stats to tessera_operator;
