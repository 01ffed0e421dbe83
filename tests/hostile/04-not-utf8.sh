#!/bin/sh
# A message in no encoding that a report could show.
printf '{"running":true,"completed":false,"message":"\377\376"}'
