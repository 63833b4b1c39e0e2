-- Chunks of the current tenant that satisfy quoted phrases, excluded words and required words.
--
-- `@@` is not leakproof, so under a row-level security policy it can use no index. This function reads past the policy,
-- as a role that can do nothing else, with the tenant taken from the scope and from nowhere else; it returns ids only, and
-- whoever calls it reads those ids again under the policy.
create policy keyword_reads on tessera.chunks for select to tessera_keyword using (true);
grant select (tenant_id, id, language, tsv) on tessera.chunks to tessera_keyword;

create function tessera.keyword_matches(language text, conditions tsquery) returns setof uuid
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select c.id
  from tessera.chunks c
  where c.tenant_id = tessera.current_tenant() and c.language = keyword_matches.language and c.tsv @@ keyword_matches.conditions;
end;

-- An owner must be able to create in the schema for the moment in which it becomes the owner.
grant tessera_keyword to current_user;
grant create on schema tessera to tessera_keyword;
alter function tessera.keyword_matches(text, tsquery) owner to tessera_keyword;
revoke create on schema tessera from tessera_keyword;
revoke all on function tessera.keyword_matches(text, tsquery) from public;
grant execute on function tessera.keyword_matches(text, tsquery) to tessera_tenant;

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
