#!/usr/bin/env bash
# start-docker.sh [PIDFILE]: makes sure a Docker engine answers.
# When it had to start one, its pid is in PIDFILE, so that whoever asked can stop exactly that process; when an engine
# was already there, PIDFILE does not exist.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

pidfile=${1:-$cache_dir/dockerd.pid}
logfile=${TESSERA_DOCKERD_LOG:-$cache_dir/dockerd.log}
ready_timeout_seconds=60

mkdir -p "$(dirname "$pidfile")" "$(dirname "$logfile")"
rm -f "$pidfile"

if engine_answers; then
  log 'Docker: an engine already answers'
  exit 0
fi

# Only a log of this start: an older one would mislead.
: >"$logfile"

# try_dockerd FLAG...: starts the engine detached from this shell; false when it dies or stays silent.
try_dockerd() {
  log "Docker: starting dockerd $*"
  setsid nohup dockerd "$@" </dev/null >>"$logfile" 2>&1 &
  local pid=$! second
  for ((second = 0; second < ready_timeout_seconds; second++)); do
    if engine_answers; then
      echo "$pid" >"$pidfile"
      log "Docker: engine $(docker version --format '{{ .Server.Version }}') is up, pid $pid"
      return 0
    fi
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 1
  done
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  return 1
}

# An engine that was killed leaves pid files behind, and the next one waits for whatever has those pids now. The link
# to the program is empty for a process that is gone, or dead and not yet collected.
for stale in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
  [[ -f $stale ]] || continue
  case $(readlink "/proc/$(<"$stale")/exe" || true) in
    */dockerd | */containerd) ;;
    *) rm -f "$stale" ;;
  esac
done

# The default bridge has an MTU of 1500. Where the uplink has less, large packets to a container would be lost.
uplink=$(awk '$2 == "00000000" { print $1; exit }' /proc/net/route)
mtu=$(cat "/sys/class/net/${uplink:-none}/mtu" 2>/dev/null || echo 1500)

# From what most machines can do to what one without overlay mounts, or without netfilter, still can. Twice at
# first, because another storage driver means that every image is built again.
try_dockerd --mtu "$mtu" ||
  try_dockerd --mtu "$mtu" ||
  try_dockerd --mtu "$mtu" --storage-driver vfs ||
  try_dockerd --mtu "$mtu" --storage-driver vfs --iptables=false --ip6tables=false --ip-masq=false ||
  { tail -n 40 "$logfile" >&2; die "dockerd does not start; its log is $logfile"; }
