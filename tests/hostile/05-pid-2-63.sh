#!/bin/sh
# A pid that no system gives.
echo '{"running":true,"completed":false,"pid":9223372036854775808}'
