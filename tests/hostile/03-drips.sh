#!/bin/sh
# Is never silent for long, and never done.
while :; do
    printf x
    sleep 0.1
done
