#!/bin/sh
# Answers, and leaves a child that holds its output.
sleep 600 &
echo '{"running":true,"completed":false}'
