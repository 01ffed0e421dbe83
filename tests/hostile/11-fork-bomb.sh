#!/bin/sh
# Doubles itself seven times: 255 processes.
bomb() {
    [ "$1" -gt 0 ] || exec sleep 600
    bomb $(($1 - 1)) &
    bomb $(($1 - 1)) &
    wait
}
bomb 7
