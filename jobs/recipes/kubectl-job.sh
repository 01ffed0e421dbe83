#!/bin/sh
# A Job of Kubernetes as a long job. Which cluster and account: kubectl's own config, KUBECONFIG.
#   kubectl-job.sh start NAMESPACE/JOB MANIFEST     creates it; one that is there is left alone
#   kubectl-job.sh status NAMESPACE/JOB
set -eu
usage() { echo "usage: $0 start NAMESPACE/JOB MANIFEST | status NAMESPACE/JOB" >&2; exit 2; }
[ $# -ge 2 ] || usage
namespace=${2%%/*} job=${2#*/}

get() {
    kubectl --namespace "$namespace" --request-timeout=20s get job "$job" --ignore-not-found \
        --output "jsonpath=$1"
}

case $1 in
    start)
        [ $# -eq 3 ] || usage
        if [ -n "$(get '{.metadata.name}')" ]; then
            echo "$2: is there already"
        else
            kubectl --namespace "$namespace" create --filename "$3"
        fi
        ;;
    status)
        # One question, so that all of it is of one moment.
        all=$(get '{.metadata.name} {.spec.completions} a{.status.active} s{.status.succeeded} f{.status.failed} {range .status.conditions[?(@.status=="True")]}{.type},{end}')
        if [ -z "$all" ]; then
            echo '{"running":false,"completed":false,"stopReason":"never started"}'
            exit 0
        fi
        number() { printf '%s\n' "$all" | sed -n "s/.* $1\([0-9][0-9]*\).*/\1/p"; }
        active=$(number a) succeeded=$(number s) failed=$(number f)
        rest="\"progress\":{\"active\":${active:-0},\"failed\":${failed:-0},\"succeeded\":${succeeded:-0}}"
        rest="$rest,\"progressKey\":\"${succeeded:-0}/${failed:-0}\""
        case $all in
            *Complete,*) printf '%s\n' "{\"running\":false,\"completed\":true,$rest}" ;;
            *Failed,*) printf '%s\n' "{\"running\":false,\"completed\":false,\"level\":\"alert\",\"stopReason\":\"failed\",$rest}" ;;
            *) printf '%s\n' "{\"running\":true,\"completed\":false,$rest}" ;;
        esac
        ;;
    *) usage ;;
esac
