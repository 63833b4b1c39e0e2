-- Keyword look-ups that need an index.
--
-- `@@` is not leakproof, so under a row-level security policy it can use none. These functions read past the policy, as a
-- role that can do nothing else, with the tenant taken from the scope and from nowhere else; they return ids only, and
-- whoever calls them reads those ids again under the policy.
--
-- They name the tenant as a variable and force custom plans, so that the planner sees a constant, and with it that the
-- partial GIN index of a large tenant serves.
create policy keyword_reads on tessera.chunks for select to tessera_keyword using (true);
grant select (tenant_id, id, language, tsv, terms) on tessera.chunks to tessera_keyword;

-- Chunks of the current tenant that satisfy quoted phrases, excluded words and required words, or hold any of some words.
-- Conditions of nothing but stop words are empty, and an empty tsquery would match nothing: here it asks for nothing.
create function tessera.keyword_matches(language text, conditions tsquery) returns setof uuid
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
  tenant text := tessera.current_tenant();
begin
  return query
    select c.id from tessera.chunks c
    where c.tenant_id = tenant and c.language = keyword_matches.language
      and (numnode(conditions) = 0 or c.tsv @@ conditions);
end
$$;

-- The best chunks of the current tenant by BM25 among those that hold any of some words, best first. pgvector's operator is
-- named with its schema, wherever that is, so that the search_path can be pinned to the system's.
do $migration$
begin
  execute format($statement$
    create function tessera.keyword_best(language text, words tsquery, weights sparsevec, most integer) returns setof uuid
    language plpgsql stable parallel safe security definer
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_custom_plan
    as $body$
    declare
      tenant text := tessera.current_tenant();
    begin
      return query
        select c.id from tessera.chunks c
        where c.tenant_id = tenant and c.language = keyword_best.language and c.tsv @@ words
        order by c.terms operator(%I.<#>) weights limit most;
    end
    $body$
    $statement$, (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'));
end
$migration$;

-- The rarest words of a query that together occur in no more chunks than a budget. What is left out is too common to
-- decide much: at 200,000 chunks a budget of 5,000 gave 0.983 of the exact top ten, 20,000 all of it. Null where already
-- the rarest is over the budget, and every chunk might as well be looked at; null, too, where nothing was counted yet.
create function tessera.rarest_words(language text, query text, row_budget integer) returns tsquery
language plpgsql stable parallel safe
set plan_cache_mode = force_generic_plan
as $$
begin
  return (
    select string_agg(quote_literal(counted.lexeme), ' | ')::tsquery
    from (
      select l.lexeme, sum(coalesce(s.chunks, 0)) over (order by coalesce(s.chunks, 0), l.lexeme) as filled
      from unnest(tessera.lexemes(rarest_words.language, rarest_words.query)) l
      left join tessera.term_stats s
        on s.tenant_id = tessera.current_tenant() and s.language = rarest_words.language and s.term = tessera.term_id(l.lexeme)
    ) counted
    where counted.filled <= row_budget
  );
end
$$;

-- An owner must be able to create in the schema for the moment in which it becomes the owner.
grant tessera_keyword to current_user;
grant create on schema tessera to tessera_keyword;
alter function tessera.keyword_matches(text, tsquery) owner to tessera_keyword;
alter function tessera.keyword_best(text, tsquery, sparsevec, integer) owner to tessera_keyword;
revoke create on schema tessera from tessera_keyword;
revoke all on function tessera.keyword_matches(text, tsquery) from public;
revoke all on function tessera.keyword_best(text, tsquery, sparsevec, integer) from public;
grant execute on function tessera.keyword_matches(text, tsquery) to tessera_tenant;
grant execute on function tessera.keyword_best(text, tsquery, sparsevec, integer) to tessera_tenant;

-- The query side of BM25: inverse document frequencies of the query's lexemes among the current tenant's chunks,
-- ln(1 + (N - df + 0.5) / (df + 0.5)). A word that the statistics do not know yet counts as rare, so a document is found
-- in the commit that writes it.
--
-- In plpgsql and with a generic plan, because that is planned once a session: as a plain SQL function it took 0.66 ms a
-- call, nearly all of it planning. Its two look-ups are by primary key, so the tenant makes no difference to the plan.
create function tessera.query_terms(language text, query text) returns sparsevec
language plpgsql stable parallel safe
set plan_cache_mode = force_generic_plan
set search_path from current
as $$
#variable_conflict use_variable
begin
  return (
    with corpus as (
      select coalesce(max(s.chunks), 0)::float8 as n
      from tessera.corpus_stats s
      where s.tenant_id = tessera.current_tenant() and s.language = query_terms.language
    ), term as (
      select distinct tessera.term_id(l.lexeme) as id
      from unnest(tessera.lexemes(query_terms.language, query_terms.query)) l
    ), weighted as (
      select t.id, coalesce(s.chunks, 0)::float8 as df
      from term t
      left join tessera.term_stats s
        on s.tenant_id = tessera.current_tenant() and s.language = query_terms.language and s.term = t.id
    )
    select ('{' || coalesce(string_agg(
        w.id || ':' || ln(1 + (greatest(c.n, w.df) - w.df + 0.5) / (w.df + 0.5))::float4, ',' order by w.id), '')
      || '}/268435456')::sparsevec
    from weighted w, corpus c
  );
end
$$;
