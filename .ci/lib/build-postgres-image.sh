#!/usr/bin/env bash
# Builds a stand-in for the public image pgvector/pgvector:0.8.0-pg17 from Debian's own packages, for machines that
# cannot reach a container registry.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"

image=pgvector/pgvector:0.8.0-pg17
context=$here/../images/postgres

# Debian 13 has PostgreSQL 17 and pgvector 0.8.0.
suite=trixie
packages=(postgresql-17 postgresql-17-pgvector locales)

hash=$(inputs_hash "$suite ${packages[*]}" "$context"/* "$here/rootfs.sh")
if image_is_usable "$image" "$hash"; then
  log "$image: up to date"
  exit 0
fi

rootfs=$("$here/rootfs.sh" postgres "$suite" "${packages[@]}")
build_image "$image" "$hash" "$context" --build-arg ROOTFS="$rootfs"
