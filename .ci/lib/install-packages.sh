#!/usr/bin/env bash
# Installs the Debian packages that CI needs and the machine lacks.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

packages=(
  chromium         # browser test
  curl             # compose smoke test
  fonts-liberation # text in the browser test's screenshots
  debootstrap      # base images
  docker.io        # engine for the database tests
  docker-compose   # compose smoke test
  pgbouncer        # tests through a pooler
  iptables         # port mapping and NAT for the engine; docker.io only recommends it on some releases
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done

if ((${#missing[@]} == 0)); then
  log 'Debian packages: all present'
  exit 0
fi

log "Debian packages: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq -o Acquire::Retries=3
apt-get install -y -qq -o Acquire::Retries=3 --no-install-recommends "${missing[@]}" </dev/null >/dev/null
