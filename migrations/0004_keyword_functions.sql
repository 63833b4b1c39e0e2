-- BM25 in stock pgvector: a chunk is a sparse vector of saturated term weights, a query is a sparse vector of inverse
-- document frequencies, and the score is their inner product. See docs/decisions/0004-keyword-relevance.md.
--
-- Bodies are in SQL-standard form, so they are bound when they are created and do not depend on anybody's search_path.

-- The lexemes of a text in one of PostgreSQL's built-in languages. The two-argument to_tsvector is immutable only for a
-- constant configuration, hence the case; an unknown language falls back to `simple`, which splits and lower-cases.
create function tessera.lexemes(language text, body text) returns tsvector
language sql immutable parallel safe
return case language
  when 'english' then to_tsvector('pg_catalog.english'::regconfig, body)
  when 'arabic' then to_tsvector('pg_catalog.arabic'::regconfig, body)
  when 'danish' then to_tsvector('pg_catalog.danish'::regconfig, body)
  when 'dutch' then to_tsvector('pg_catalog.dutch'::regconfig, body)
  when 'finnish' then to_tsvector('pg_catalog.finnish'::regconfig, body)
  when 'french' then to_tsvector('pg_catalog.french'::regconfig, body)
  when 'german' then to_tsvector('pg_catalog.german'::regconfig, body)
  when 'greek' then to_tsvector('pg_catalog.greek'::regconfig, body)
  when 'hungarian' then to_tsvector('pg_catalog.hungarian'::regconfig, body)
  when 'indonesian' then to_tsvector('pg_catalog.indonesian'::regconfig, body)
  when 'irish' then to_tsvector('pg_catalog.irish'::regconfig, body)
  when 'italian' then to_tsvector('pg_catalog.italian'::regconfig, body)
  when 'norwegian' then to_tsvector('pg_catalog.norwegian'::regconfig, body)
  when 'portuguese' then to_tsvector('pg_catalog.portuguese'::regconfig, body)
  when 'romanian' then to_tsvector('pg_catalog.romanian'::regconfig, body)
  when 'russian' then to_tsvector('pg_catalog.russian'::regconfig, body)
  when 'spanish' then to_tsvector('pg_catalog.spanish'::regconfig, body)
  when 'swedish' then to_tsvector('pg_catalog.swedish'::regconfig, body)
  when 'turkish' then to_tsvector('pg_catalog.turkish'::regconfig, body)
  else to_tsvector('pg_catalog.simple'::regconfig, body)
end;

-- The dimension of a lexeme in a sparse vector: 28 bits of md5, plus one. Stable across versions and machines, which the
-- server's own hash functions do not promise. The extremely rare collision merges two lexemes.
create function tessera.term_id(lexeme text) returns integer
language sql immutable strict parallel safe
return ('x' || left(md5(lexeme), 7))::bit(28)::integer + 1;

-- Term weights of a chunk: tf (k1 + 1) / (tf + k1 (1 - b + b dl / avgdl)) with k1 = 1.2 and b = 0.75. The average length
-- is the constant 100 (the usual number of lexemes in a chunk), so that the function is immutable. At most 300 terms,
-- the most frequent first, so that an entry of the covering index stays below the 2,704 bytes that a B-tree takes.
create function tessera.bm25_terms(lexemes tsvector) returns sparsevec
language sql immutable strict parallel safe
begin atomic
  with occurrence as (
    select tessera.term_id(lexeme) as term, greatest(coalesce(array_length(positions, 1), 1), 1)::float8 as tf
    from unnest(lexemes)
  ), merged as (
    select term, sum(tf) as tf from occurrence group by term
  ), length as (
    select sum(tf) as dl from merged
  ), kept as (
    select term, tf from merged order by tf desc, term limit 300
  )
  select ('{' || coalesce(string_agg(
      term || ':' || (tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * dl / 100)))::float4, ',' order by term), '')
    || '}/268435456')::sparsevec
  from kept, length;
end;
