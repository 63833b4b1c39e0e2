#!/usr/bin/env bash
# The part of the public image's contract that Tessera relies on: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB,
# POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD, /docker-entrypoint-initdb.d, and `postgres` with extra arguments.
set -euo pipefail

# `docker run IMAGE -c setting=value` means the server with these arguments.
[[ ${1:-} != -* ]] || set -- postgres "$@"
[[ ${1:-} == postgres ]] || exec "$@"

if [[ $(id -u) == 0 ]]; then
  install -d -m 0700 "$PGDATA"
  chown -R postgres "$PGDATA" /var/run/postgresql
  # The server refuses to run as root; setpriv replaces this process, so signals reach it directly.
  exec setpriv --reuid=postgres --regid=postgres --init-groups "${BASH_SOURCE[0]}" "$@"
fi

# create_cluster SERVER-ARGUMENT...: a new data folder with its user, database and init scripts.
create_cluster() {
  local user=${POSTGRES_USER:-postgres}
  local database=${POSTGRES_DB:-$user}
  local auth=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}

  if [[ -z ${POSTGRES_PASSWORD:-} && $auth != trust ]]; then
    echo 'POSTGRES_PASSWORD is empty; set it, or POSTGRES_HOST_AUTH_METHOD=trust' >&2
    exit 1
  fi

  local -a initdb_args
  read -ra initdb_args <<<"${POSTGRES_INITDB_ARGS:-}"
  initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") "${initdb_args[@]}"
  printf '\nhost all all all %s\n' "$auth" >>"$PGDATA/pg_hba.conf"

  # Listens on the socket only: a health check over TCP must not see a server that is about to restart.
  export PGUSER=$user PGPASSWORD=${POSTGRES_PASSWORD:-}
  pg_ctl --wait --options "$(printf '%q ' "${@:2}" -c listen_addresses=)" start

  if [[ $database != postgres ]]; then
    psql -v ON_ERROR_STOP=1 --no-psqlrc --dbname postgres --set database="$database" <<<'create database :"database";'
  fi

  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) bash "$file" ;;
      *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc --dbname "$database" --file "$file" ;;
    esac
  done

  pg_ctl --wait --mode fast stop
  unset PGUSER PGPASSWORD
  echo 'PostgreSQL init process complete; ready for start up.'
}

[[ -s $PGDATA/PG_VERSION ]] || create_cluster "$@"

# Debian's default configuration listens on localhost; a container is reached from outside.
exec "$1" -c listen_addresses='*' "${@:2}"
