#!/usr/bin/env bash
# clang-tidy over every source of the program; a finding is an error. A source is passed over when it was found clean
# before with the same preprocessed text, flags and rules (remembered in ${STASH_CACHE:-~/.cache/stash}/tidy).
#   tidy.sh BUILD-FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export BUILD=$1 CLEAN=${STASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stash}/tidy
mkdir -p "$CLEAN"

one() {
  local source=$1 key out
  key=$( (cat .clang-tidy; clang++-16 -std=c++20 -E -P -Iinclude -Isrc -DBOOST_ASIO_NO_DEPRECATED -DBOOST_ASIO_SEPARATE_COMPILATION \
    -DBOOST_BEAST_SEPARATE_COMPILATION -DBOOST_ASIO_DISABLE_BOOST_REGEX -DRAPIDJSON_HAS_STDSTRING=1 \
    '-DSTASH_VERSION=""' "$source") | sha256sum | cut -c1-32)
  [ -e "$CLEAN/$key" ] && return 0
  if out=$(clang-tidy-16 --quiet -p "$BUILD" "$source" 2>&1); then touch "$CLEAN/$key"; else printf '%s\n' "$out"; return 1; fi
}
export -f one
git ls-files 'src/*.cpp' | xargs -P "$(nproc)" -I{} bash -c 'one {}'
