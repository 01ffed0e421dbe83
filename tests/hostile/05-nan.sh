#!/bin/sh
# NaN, which JSON does not have.
echo '{"running":true,"completed":false,"progress":{"x":NaN}}'
