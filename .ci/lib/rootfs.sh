#!/usr/bin/env bash
# rootfs.sh NAME SUITE PACKAGE...: imports a minimal Debian root file system as the image tessera-ci/rootfs-NAME and
# prints its full name. The tarball is cached by a hash of the arguments and of this file.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

name=$1 suite=$2
shift 2
packages=$(IFS=, && echo "$*")

hash=$(inputs_hash "$name $suite $packages" "${BASH_SOURCE[0]}")
image=tessera-ci/rootfs-$name:$hash
tarball=$cache_dir/rootfs-$name-$hash.tar

if docker image inspect "$image" >/dev/null 2>&1; then
  echo "$image"
  exit 0
fi

bootstrap() {
  log "rootfs $name: debootstrap $suite $packages"
  debootstrap --variant=minbase ${packages:+--include="$packages"} "$suite" "$root" >"$work/log" 2>&1
}

# Runs in a subshell, so that the trap ends with it.
make_tarball() (
  work=$(mktemp -d "$cache_dir/rootfs-$name.XXXXXX")
  trap 'rm -rf --one-file-system "$work"' EXIT
  root=$work/root

  # Once more after a failure: a lost connection to the mirror should not cost a whole run.
  bootstrap ||
    { log "rootfs $name: debootstrap failed, trying again"; rm -rf --one-file-system "$root"; bootstrap; } ||
    { tail -n 20 "$work/log" >&2; die "debootstrap of $suite failed"; }

  # Nothing that a running container reads, and a third of the size.
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* \
    "$root"/usr/share/{doc,man,info,lintian}/* "$root"/etc/{hostname,resolv.conf}

  tar --create --numeric-owner --one-file-system --exclude='./dev/*' --file "$work/rootfs.tar" --directory "$root" .
  rm -f "$cache_dir/rootfs-$name"-*.tar
  mv "$work/rootfs.tar" "$tarball"
)

mkdir -p "$cache_dir"
[[ -f $tarball ]] || make_tarball

log "rootfs $name: importing"
docker import "$tarball" "$image" >/dev/null
echo "$image"
