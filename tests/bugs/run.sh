#!/usr/bin/env bash
# Plants each of these bugs in a copy of the program, alone, and asks whether the tests notice.
#   tests/bugs/run.sh [NAME…]      all, or those whose names contain one of the words
# The random lives (tests/model) are asked first; if they do not notice, the engine's other tests are.
# Prints the rows of the table in docs/reliability.md, and fails unless each bug is noticed.
# Built unoptimised, so that a bug takes a minute; in target/bugs, so that only the program itself is
# built anew and an ordinary build beside it is left alone.
set -euo pipefail

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

# Which life noticed it: they are numbered from 1.
said_by_lives() {
    local seed
    seed=$(grep -om1 'OPSFSM_SEED=[0-9]*' test.log | cut -d= -f2 || true)
    if [ -n "$seed" ]; then
        echo "lives, seed $seed"
    elif grep -q 'never met' test.log; then
        # All lives together have to meet everything that there is.
        echo "lives: never met: $(grep -A1 -m1 'never met' test.log | tail -1 | tr -d '",' | sed 's/^ *//')"
    else
        echo 'lives: no end within 600 s'
    fi
}

# Which of the engine's tests failed.
said_by_engine() {
    local names
    names=$(sed -n '/^failures:$/,$p' test.log | grep -oE '^    [a-z0-9_]+(::[a-z0-9_]+)*$' | sort -u | tr -d ' ' || true)
    case $names in
        '') echo 'engine: no end within 600 s' ;;
        *$'\n'*) echo "engine: \`${names%%$'\n'*}\` and $(($(wc -l <<<"$names") - 1)) more" ;;
        *) echo "engine: \`$names\`" ;;
    esac
}

main() {
    cd "$(dirname "$0")/../.."
    local root=$PWD patch seen missed=0
    export CARGO_TARGET_DIR=$root/target/bugs CARGO_TERM_COLOR=never RUST_BACKTRACE=0
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    tar -C "$root" --exclude=./target --exclude=./.git -cf - . | tar -C "$copy" -xf -
    cd "$copy"
    echo '| planted | what it breaks | noticed by |'
    echo '|---|---|---|'
    # Those of the copy: what is edited meanwhile is another run's.
    for patch in tests/bugs/*.patch; do
        bug=$(basename "$patch" .patch)
        wanted "$bug" "$@" || continue
        patch --quiet -p1 <"$patch"
        if is_red model; then
            seen=$(said_by_lives)
        elif is_red engine; then
            seen=$(said_by_engine)
        else
            seen='**nothing**'
            missed=$((missed + 1))
        fi
        echo "| \`$bug\` | $(head -1 "$patch") | $seen |"
        patch --quiet -R -p1 <"$patch"
    done
    if [ "$missed" != 0 ]; then
        echo "$missed not noticed" >&2
        exit 1
    fi
}

main "$@"
exit
