#!/usr/bin/env bash
# stop-docker.sh PIDFILE: stops the engine that start-docker.sh started, by its pid, and waits until it is gone. The
# engine stops its containers itself.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

pidfile=$1
pid=$(cat "$pidfile")

# A pid can be used again by another program; only the engine is stopped.
if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]; then
  kill "$pid"
  is_gone() { ! kill -0 "$pid" 2>/dev/null; }
  wait_for 60 is_gone || kill -9 "$pid"
  log "Docker: engine with pid $pid stopped"
fi
rm -f "$pidfile"
