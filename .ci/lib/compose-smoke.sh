#!/usr/bin/env bash
# Brings up docker-compose.yml as a newcomer would and searches with the token that the demo service prints.
# Leaves no container, network or volume behind, whatever happens.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"
cd "$here/../.."

# A name and a port of its own: other copies of the project may be up on this machine.
export COMPOSE_PROJECT_NAME=tessera-smoke-$$
export TESSERA_IMAGE=tessera:ci
TESSERA_PORT=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
export TESSERA_PORT
url=http://127.0.0.1:$TESSERA_PORT
work=$(mktemp -d)

finish() {
  local status=$?
  trap - EXIT
  if ((status != 0)); then
    compose logs --no-color --tail 60 >&2 || true
  fi
  compose down --volumes --remove-orphans --timeout 10 >"$work/down.log" 2>&1 || cat "$work/down.log" >&2
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 143' INT TERM

log 'compose: build'
DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0 compose build >"$work/build.log" 2>&1 ||
  { cat "$work/build.log" >&2; die 'the application image does not build'; }

log "compose: up as $COMPOSE_PROJECT_NAME on port $TESSERA_PORT"
export -f compose
timeout 300 bash -c 'compose up --detach' </dev/null >"$work/up.log" 2>&1 ||
  { cat "$work/up.log" >&2; die 'the services do not come up'; }

is_ready() { curl --silent --fail --max-time 5 --output /dev/null "$url/ready"; }
wait_for 60 is_ready || die 'the gateway does not become ready'

demo=$(compose ps --all --quiet demo)
demo_status=$(timeout 180 docker wait "$demo") || die 'the demo service does not end'
[[ $demo_status == 0 ]] || die "the demo service ended with $demo_status"

# The first JSON Web Token in the log; every one begins with an encoded `{"`.
token=$(docker logs "$demo" 2>&1 | grep -oE 'eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+' | head -n 1) ||
  die 'the demo service printed no token'

# search TOKEN: prints the titles of the hits, one a line.
search() {
  local body='{"query":"query ($text: String!) { search(input: { text: $text }, first: 3) { __typename ... on SearchConnection { edges { node { title } } } ... on Error { code message } } }","variables":{"text":"the shower runs cold"}}'
  curl --silent --show-error --max-time 10 "$url/graphql" \
    --header 'content-type: application/json' --header "authorization: Bearer $1" --data "$body" >"$work/answer.json"
  node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).data.search.edges.map((edge) => edge.node.title).join("\n")' \
    "$work/answer.json" 2>"$work/answer.error"
}

has_hits() { [[ -n $(search "$token") ]]; }
wait_for 60 has_hits || { cat "$work/answer.json" "$work/answer.error" >&2; die 'the search finds nothing'; }
log "compose: found $(search "$token" | paste -sd ';')"

status=$(curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' "$url/graphql" \
  --header 'content-type: application/json' --header "authorization: Bearer ${token}x" --data '{"query":"{ viewer { __typename } }"}')
[[ $status == 401 ]] || die "a forged token is answered with $status, not 401"

for service in gateway worker; do
  uid=$(docker exec "$(compose ps --quiet "$service")" node -p 'process.getuid()')
  [[ $uid != 0 ]] || die "the $service runs as root"
done

log 'compose: a search through the containers works, and none of them runs as root'
