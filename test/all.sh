#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test; the whole of what CI runs.
#
#   all.sh              everything
#   all.sh unit         layout, format and clang-tidy; unit tests under ASan and UBSan, storage and net under TSan;
#                       ten thousand schedules of writers and collectors, damaged objects, dying and failing system
#                       calls, full disks, changing sources, a failing S3 server; every decoder fuzzed for 15 s
#   all.sh server       tests against real servers (API server with etcd, Pushgateway, MinIO), no node
#   all.sh e2e          tests on the project's own one-node cluster, with the static binary
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
what=${1:-all}
case $what in all | unit | server | e2e) ;; *) sed -n '2,9p' "$0" >&2; exit 2 ;; esac
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

step "packages"
test/deps.sh

if wanted unit; then
  step "format"
  git ls-files '*.cpp' '*.hpp' | xargs clang-format-16 --dry-run -Werror
  step "unit tests under ASan and UBSan"
  # shellcheck disable=SC2046  # names of targets hold no spaces
  build asan $(targets unit)
  ctest --test-dir build/asan -L unit -j "$jobs" --output-on-failure --no-tests=error
  step "storage and net under TSan"
  build tsan test_storage test_net
  ctest --test-dir build/tsan -L unit -R '^(storage|net)\.' -j "$jobs" --output-on-failure --no-tests=error
  step "schedules of writers and collectors, damage, dying system calls, full disks, changing sources, a failing S3"
  build release test_engine stash bench_micro bench_large_index
  ctest --test-dir build/release -L fault -j "$jobs" --output-on-failure --no-tests=error
  step "fuzzing"
  build fuzz fuzz
  ctest --test-dir build/fuzz -L fuzz -j "$jobs" --output-on-failure --no-tests=error
  step "clang-tidy"
  test/tidy.sh build/asan
fi

if wanted server; then
  step "programs of the test cluster"
  test/cluster/build.sh >/dev/null
  step "tests against real servers"
  # shellcheck disable=SC2046
  build asan $(targets server)
  ctest --test-dir build/asan -L server --output-on-failure --no-tests=error
fi

if wanted e2e; then
  step "static binary"
  build release stash
  step "the binary and the cluster"
  test/cluster/build.sh >/dev/null
  ctest --test-dir build/release -L 'cli|e2e' --output-on-failure --no-tests=error
fi
step "done"
