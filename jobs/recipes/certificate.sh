#!/bin/sh
# Says which certificates end within so many days, or can't be read. Needs openssl.
#   certificate.sh DAYS (HOST:PORT | FILE)...
set -eu
[ $# -ge 2 ] || { echo "usage: $0 DAYS (HOST:PORT | FILE)..." >&2; exit 2; }
seconds=$(($1 * 86400)) days=$1
shift
for place; do
    case $place in
        */*) certificate=$(openssl x509 -in "$place" 2>/dev/null) || certificate= ;;
        *)
            certificate=$(timeout 30 openssl s_client -connect "$place" -servername "${place%:*}" \
                </dev/null 2>/dev/null | openssl x509 2>/dev/null) || certificate=
            ;;
    esac
    if [ -z "$certificate" ]; then
        echo "ACTION REQUIRED: no certificate could be read from $place"
    elif ! printf '%s\n' "$certificate" | openssl x509 -noout -checkend "$seconds" >/dev/null; then
        end=$(printf '%s\n' "$certificate" | openssl x509 -noout -enddate)
        echo "ACTION REQUIRED: the certificate of $place ends within $days days (${end#notAfter=})"
    fi
done
