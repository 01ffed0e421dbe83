#!/usr/bin/env bash
# Plants each of these bugs in a copy of the program, alone, and asks whether the tests notice.
#   tests/bugs/run.sh [NAME…]      all, or those whose names contain one of the words
# The random lives (tests/model) are asked first; if they do not notice, the engine's other tests are.
# Built unoptimised, so that a bug takes half a minute; in target/, so that only the program itself is built
# anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
export CARGO_TARGET_DIR=$root/target CARGO_TERM_COLOR=never RUST_BACKTRACE=0
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -C "$root" --exclude=./target --exclude=./.git -cf - . | tar -C "$copy" -xf -

# Whether a test target goes red; a bug that does not compile is none.
is_red() {
    cargo test --quiet --test "$1" --no-run >"$copy/build.log" 2>&1 || {
        cat "$copy/build.log" >&2
        echo "$bug does not compile" >&2
        exit 2
    }
    ! timeout 600 cargo test --quiet --test "$1" >"$copy/test.log" 2>&1
}

wanted() {
    [ $# -eq 1 ] && return 0
    local name=$1 word
    shift
    for word in "$@"; do case $name in *"$word"*) return 0 ;; esac done
    return 1
}

missed=0
cd "$copy"
printf '%-44s %-8s %s\n' bug 'seen by' why
for patch in "$root"/tests/bugs/*.patch; do
    bug=$(basename "$patch" .patch)
    wanted "$bug" "$@" || continue
    patch --quiet -p1 <"$patch"
    seen=- why=
    if is_red model; then
        seen=lives
        why=$(grep -A1 '^it is$' test.log | tail -1 | sed 's/^[^:]*: //' | cut -c1-100 || true)
    elif is_red engine; then
        seen=engine
        why=$(grep -m1 -E '^test .* FAILED|^    [a-z_]+::' test.log | cut -c1-100 || true)
    else
        missed=$((missed + 1))
    fi
    printf '%-44s %-8s %s\n' "$bug" "$seen" "$why"
    patch --quiet -R -p1 <"$patch"
done
[ "$missed" = 0 ] || { echo "$missed not noticed"; exit 1; }
