#!/bin/sh
# Replaces every container of some services (all three by default) without losing a request:
# as many new ones are started beside the old ones, and those leave when the new ones are known.
#
#   docker compose -f compose/docker-compose.yml build && compose/roll.sh order
set -eu
export COMPOSE_FILE="${COMPOSE_FILE:-$(dirname "$0")/docker-compose.yml}"
compose=${COMPOSE:-docker compose}
[ $# -gt 0 ] || set -- customer product order

passing() { # how many instances of a service Consul reports as passing
    url="http://127.0.0.1:8500/v1/health/service/$1?passing"
    $compose exec -T consul sh -c "curl -fsS '$url' || wget -qO- '$url'" | grep -o '"Service":{' | wc -l
}

for service in "$@"; do
    old=$($compose ps -q "$service")
    count=$(echo "$old" | wc -l)
    echo "$service: starting $count beside $count"
    $compose up -d --wait --no-deps --no-recreate --scale "$service=$((2 * count))" "$service"
    waited=0
    until [ "$(passing "$service")" -ge $((2 * count)) ]; do
        waited=$((waited + 1))
        [ $waited -le 60 ] || { echo "$service: Consul does not report the new ones" >&2; exit 1; }
        sleep 1
    done
    for container in $old; do
        echo "$service: stopping $(docker stop -t 30 "$container" | cut -c 1-12)"
        docker rm "$container" >/dev/null
    done
done
