# shellcheck shell=bash
# How scripts/check-ec2 and scripts/check-eks run their checks and say what came of them; sourced from the root of the repository, with
# `cannot_run` set. Each
# check is a function check_NAME that prints what it did: exit code 0 passed, 77 cannot run here, anything else failed.

: "${cannot_run:?names the list of what cannot run}"
logs=$(mktemp --directory --tmpdir martlet-check.XXXXXX)
checks=0 failed=0
programs=${MARTLET_PROGRAMS:-}

need_programs() { # the programs, Swift runtime linked in; built unless MARTLET_PROGRAMS names them
  [[ -z $programs ]] || return 0
  MAKE_GOAL=${0##*/} scripts/need-swift
  scripts/install-packages build
  local build=${MARTLET_BUILD:-.build} product
  for product in martlet picosim; do
    swift build --scratch-path "$build" --configuration release --static-swift-stdlib --product "$product" >&2
  done
  programs=$build/release
}

verdict() { # NAME CODE SECONDS
  checks=$((checks + 1))
  local log=$logs/$1
  case $2 in
    0)
      printf 'ok      %-17s %4d s\n' "$1" "$3"
      grep -aE '^(stack|ansible|package|terraform|chart|.*grafana): |^Success!|Passed checks|^Ran [0-9]+ tests' "$log" | sed 's/^/          /' || true
      ;;
    77)
      printf 'CANNOT  %-17s %s\n' "$1" "$(tail -n 1 "$log")"
      if ! grep -q "^$1 " "$cannot_run"; then failed=$((failed + 1)); fi
      ;;
    *)
      failed=$((failed + 1))
      printf 'FAILED  %-17s %4d s\n' "$1" "$3"
      tail -n 25 "$log" | sed 's/^/          /'
      printf '          all of it: %s\n' "$log"
      ;;
  esac
}

run() { # NAME: in a shell of its own, so that set -e holds inside
  local start=$SECONDS code=0
  (
    set -euo pipefail
    "check_${1//-/_}"
  ) >"$logs/$1" 2>&1 </dev/null &
  wait $! || code=$?
  verdict "$1" "$code" $((SECONDS - start))
}

finish_checks() { # the list of what cannot run, and the last line
  local name reason
  while read -r name reason; do
    [[ -z $name || $name == \#* ]] || printf 'listed  %-17s %s\n' "$name" "$reason"
  done <"$cannot_run"
  ((failed)) || rm -rf "$logs"
}
