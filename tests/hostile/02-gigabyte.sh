#!/bin/sh
# Prints a gigabyte and ends.
exec head -c 1000000000 /dev/zero
