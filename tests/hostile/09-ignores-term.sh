#!/bin/sh
# Hangs, and does not go when it is asked to.
trap '' TERM
while :; do sleep 1; done
