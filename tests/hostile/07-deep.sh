#!/bin/sh
# A hundred thousand brackets.
head -c 100000 /dev/zero | tr '\0' '['
