#!/bin/sh
# Answers, and leaves a child in a session of its own.
setsid sleep 600 &
echo '{"running":true,"completed":false}'
