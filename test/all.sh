#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test; the whole of what CI runs.
#
#   all.sh              everything
#   all.sh unit         layout, format and clang-tidy; unit tests under ASan and UBSan, storage and net under TSan;
#                       ten thousand schedules of writers and collectors, damaged objects, dying and failing system
#                       calls, full disks, changing sources, a failing S3 server; every decoder fuzzed for 15 s
#   all.sh server       tests against real servers (API server with etcd, Pushgateway, MinIO), no node
#   all.sh e2e          tests on the project's own one-node cluster, with the static binary
#
# At the end it lists the tests that this machine had to skip (no root, no control groups, no tracing). With STASH_ALL=1 in
# the environment they are failures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
what=${1:-all}
case $what in all | unit | server | e2e) ;; *) sed -n '2,12p' "$0" >&2; exit 2 ;; esac
wanted() { [ "$what" = all ] || [ "$what" = "$1" ]; }
step() { printf '\n== %s (after %d s)\n' "$*" "$SECONDS"; }

# One compiler cache for every checkout: paths below the checkout do not count.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_DIR=${STASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stash}/ccache CCACHE_MAXSIZE=5G
jobs=$(nproc)

build() { # PRESET TARGET...
  local preset=$1
  shift
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -j "$jobs" --target "$@"
}
# Targets that build tests of a label: test_<room>, or test_<room>_server.
targets() {
  local room
  for room in test/*/; do
    room=${room#test/} room=${room%/}
    if [ "$1" = unit ]; then compgen -G "test/$room/*_test.cpp" >/dev/null && echo "test_$room"; fi
    if [ "$1" = server ]; then compgen -G "test/$room/server/*_test.cpp" >/dev/null && echo "test_${room}_server"; fi
  done
  return 0
}

# To ctest a skipped test is no failure, so every run leaves its results in a file, and the end tells what was skipped.
results=$(mktemp -d -t stash-tests-XXXXXX)
tests() { # PRESET, options of ctest
  local preset=$1
  shift
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error \
    --output-junit "$(mktemp "$results/$preset-XXXXXX.xml")" "$@"
}
# One line a test, with the reason that it gave. A test that skips a part says that it cannot be limited here.
skipped() {
  python3 - "$results" <<'PYTHON'
import pathlib, re, sys
from xml.etree import ElementTree
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if not path.stat().st_size:
        continue  # of a run that was killed
    for case in ElementTree.parse(path).iter("testcase"):
        said = case.findtext("system-out") or ""
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        name = f"{path.name.split('-')[0]}: {case.get('name')}"
        gtest = re.search(r": Skipped\n(.+)", said)
        if case.get("status") in ("notrun", "disabled"):
            print(f"{name}: {gtest[1] if gtest else lines[-1] if lines else 'no reason given'}")
        else:
            print(*(f"{name}: {line}\n" for line in lines if line.endswith("cannot be limited here")), sep="", end="")
PYTHON
}
# clang-tidy takes a quarter of an hour of both processors, faults, servers and the cluster longer of mostly waiting: it
# runs beside them and gives way, by commands of its own as theirs are written again. In a group of its own to be ended
# with what it started, not in a session of its own: to those the kernel gives equal shares, however nice they are.
tidy='' tidied=$(mktemp -d -t stash-tidy-XXXXXX)
start_tidy() {
  cp build/asan/compile_commands.json "$tidied"
  set -m
  nice -n 19 test/tidy.sh "$tidied" >"$tidied/findings" 2>&1 </dev/null &
  tidy=$!
  set +m
}
end_tidy() {
  local status=0
  [ -n "$tidy" ] || return 0
  step "clang-tidy"
  wait "$tidy" || status=$?
  tidy=
  cat "$tidied/findings"
  return $status
}
finish() {
  local status=$? list=
  trap - EXIT
  [ -z "$tidy" ] || kill -- "-$tidy" 2>/dev/null || true
  rm -rf "$tidied"
  [ -z "$(ls -A "$results")" ] || list=$(skipped) || list="the results of the tests could not be read"
  rm -rf "$results"
  if [ -n "$list" ]; then
    step "SKIPPED, so nothing was shown by them: $(wc -l <<<"$list")"
    printf '%s\n' "$list"
    if [ "${STASH_ALL:-}" = 1 ]; then
      echo "FAILED: tests were skipped, and STASH_ALL=1 forbids that"
      status=1
    fi
  fi
  [ "$status" != 0 ] || step "done"
  exit "$status"
}
trap finish EXIT

step "packages"
test/deps.sh

if wanted unit; then
  step "format"
  git ls-files '*.cpp' '*.hpp' | xargs clang-format-16 --dry-run -Werror
  step "unit tests under ASan and UBSan"
  # shellcheck disable=SC2046  # names of targets hold no spaces
  build asan $(targets unit)
  tests asan -L unit -j "$jobs"
  start_tidy
  step "storage and net under TSan"
  build tsan test_storage test_net
  tests tsan -L unit -R '^(storage|net)\.' -j "$jobs"
  step "schedules of writers and collectors, damage, dying system calls, full disks, changing sources, a failing S3"
  build release test_engine_faults stash bench_micro bench_large_index
  tests release -L fault -j "$jobs"
  step "fuzzing"
  build fuzz fuzz
  tests fuzz -L fuzz -j "$jobs"
fi

if wanted server; then
  step "programs of the test cluster"
  test/cluster/build.sh >/dev/null
  step "tests against real servers"
  # shellcheck disable=SC2046
  build asan $(targets server)
  tests asan -L server
fi

if wanted e2e; then
  step "static binary"
  build release stash
  step "the binary and the cluster"
  test/cluster/build.sh >/dev/null
  tests release -L 'cli|e2e'
fi

end_tidy
