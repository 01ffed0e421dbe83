#!/bin/sh
# Leaves zombies that nobody waits for, and hangs.
for _ in 1 2 3 4 5; do : & done
exec sleep 600
