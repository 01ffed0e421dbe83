#!/bin/sh
# Something more after its status.
echo '{"running":true,"completed":false} and more'
