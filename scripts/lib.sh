# Shared by the scripts here (sourced): steps with their durations, and one clear line on failure.
# Requires bash; the caller has set -euo pipefail.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SCRIPT=$(basename "$0")

# say TEXT...: progress, for people.
say() { printf '%s\n' "$*"; }

# die TEXT...: the one line that says what went wrong and what to do.
die() {
  printf '%s: %s\n' "$SCRIPT" "$*" >&2
  exit 1
}

# How many compilers to run at once: the cores, but at most one for every 1.5 GB of memory
# (the largest translation units need that much). FLAMEKEEP_JOBS overrides.
jobs_for_this_machine() {
  if [[ -n ${FLAMEKEEP_JOBS:-} ]]; then
    printf '%s' "$FLAMEKEEP_JOBS"
    return
  fi
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1024 / 1536) }' /proc/meminfo)
  ((memory < 1)) && memory=1
  printf '%s' $((cores < memory ? cores : memory))
}

# configure PRESET LOG: a build directory that is new compiles files in batches, as is best where all
# are compiled; one that is there keeps its way.
configure() {
  local flags=()
  [[ -e $ROOT/build/$1/CMakeCache.txt ]] || flags=(-DFLAMEKEEP_UNITY=ON)
  run_logged "$2" cmake --preset "$1" "${flags[@]}"
}

# duration SECONDS: 75 -> 1m15s
duration() {
  if (($1 < 60)); then
    printf '%ss' "$1"
  else
    printf '%dm%02ds' $(($1 / 60)) $(($1 % 60))
  fi
}

# run_logged LOG COMMAND...: runs quietly; on failure shows the end of the log.
run_logged() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if "$@" >"$log" 2>&1; then
    return 0
  fi
  tail -n "${LOG_TAIL:-40}" "$log" | sed 's/^/    | /'
  return 1
}
