# Helpers shared by the CI scripts. Sourced, never run.

# Debian root file systems are slow to make, so their tarballs live outside the clone and outlast a lost image store.
cache_dir=${TESSERA_CI_CACHE:-$HOME/.cache/tessera-ci}

# Label that says which inputs an image was built from.
inputs_label=dev.tessera.inputs

log() {
  printf '[%s] %s\n' "$(date +%T)" "$*" >&2
}

die() {
  log "error: $*"
  exit 1
}

# inputs_hash TEXT FILE...: one short hash over some text and the contents of files.
inputs_hash() {
  local text=$1
  shift
  { printf '%s\n' "$text" && cat "$@"; } | sha256sum | cut -c1-16
}

# image_is_usable IMAGE HASH: true when nothing needs building. An image without our label was pulled from its
# publisher; it is the real thing and is left alone.
image_is_usable() {
  local label
  label=$(docker image inspect --format "{{ index .Config.Labels \"$inputs_label\" }}" "$1" 2>/dev/null) || return 1
  [[ -z $label || $label == '<no value>' || $label == "$2" ]]
}

engine_answers() {
  timeout 10 docker version --format '{{ .Server.Version }}' >/dev/null 2>&1
}

# build_image IMAGE HASH CONTEXT FLAG...: the classic builder, because it takes base images from the local store and
# never asks a registry. It announces its own deprecation; only its errors are worth printing.
build_image() {
  local image=$1 hash=$2 context=$3 output
  shift 3
  log "$image: building"
  output=$(DOCKER_BUILDKIT=0 docker build "$@" --label "$inputs_label=$hash" --tag "$image" "$context" 2>&1) ||
    { printf '%s\n' "$output" >&2; die "$image does not build"; }
}

# compose ARGUMENT...: the plugin where there is one, else Debian's docker-compose. Both read the same file.
compose() {
  if docker compose version >/dev/null 2>&1; then
    docker compose "$@"
  else
    docker-compose "$@"
  fi
}

# wait_for SECONDS COMMAND...: repeats a command until it succeeds; false when the time is up.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 1
  done
}
