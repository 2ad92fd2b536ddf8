#!/bin/sh
# Makes the secrets of the compose stack, each in a file, in compose/secrets (or the folder named).
# What is there already is kept; remove a file to have it made anew (see README.md, "secrets").
set -eu
folder=${1:-$(dirname "$0")/secrets}

# The folder keeps other users of this machine out. The files in it are readable for all, since
# each is mounted, as it is, into a container whose process is a user of that container.
umask 077
mkdir -p "$folder"
cd "$folder"

random() { od -An -v -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
uuid() { random 16 | sed 's/^\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)/\1-\2-\3-\4-/'; }
keep() { # name: take it from standard input, unless it is there
    [ -s "$1" ] || { cat >"$1.new" && chmod 444 "$1.new" && mv "$1.new" "$1"; }
}

pair() { # name: a key for ES256 that nobody else has, and its public half that others may know
    [ -s "$1-key.pem" ] || rm -f "$1-public.pem"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | keep "$1-key.pem"
    openssl pkey -in "$1-key.pem" -pubout | keep "$1-public.pem"
}
command -v openssl >/dev/null || { echo "$0: openssl is needed, for keys" >&2; exit 1; }

random 48 | keep mongo-keyfile
random 24 | keep mongo-root-password
random 24 | keep redis-password
printf 'requirepass %s\n' "$(cat redis-password)" | keep redis.conf
printf 'redis://:%s@redis:6379/0\n' "$(cat redis-password)" | keep redis-url
uuid | keep consul-management-token
uuid | keep agent-consul-token
# "master" is what Consul before 1.11 calls "initial_management"; later ones know both words.
printf '{"acl": {"tokens": {"master": "%s", "agent": "%s"}}}\n' \
    "$(cat consul-management-token)" "$(cat agent-consul-token)" | keep consul-acl.json
random 16 | keep grafana-password
pair issuer
pair order

hosts=mongo-1:27017,mongo-2:27017,mongo-3:27017
for service in customer product order; do
    uuid | keep "$service-consul-token"
    printf 'mongodb://%s:%s@%s/%s?replicaSet=rs0\n' \
        "$service" "$(random 24)" "$hosts" "$service" | keep "$service-mongo-uri"
done
