#!/bin/sh
# A NUL in the middle of a word.
printf '{"running":true,"completed":false,"message":"a\000b"}'
