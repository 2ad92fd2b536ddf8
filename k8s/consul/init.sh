#!/bin/sh
# Gives Consul its policies, and each service a token that may do what its policy says. The tokens
# are made elsewhere, as secrets. May be run again at any time; a token that was changed is added.
set -eu
policies=${POLICIES:-/policies}
tokens=${TOKENS:-/tokens}
CONSUL_HTTP_TOKEN=$(cat "$tokens/management")
export CONSUL_HTTP_TOKEN

tries=150
until consul acl policy list >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { consul acl policy list >/dev/null; exit 1; }
    sleep 2
done

for file in "$policies"/*.hcl; do
    name=$(basename "$file" .hcl)
    verb=create
    if consul acl policy read -name "$name" >/dev/null 2>&1; then verb=update; fi
    consul acl policy "$verb" -name "$name" -rules "@$file" >/dev/null
    echo "policy $name: ${verb}d"
done

for name in agent customer product order; do
    secret=$(cat "$tokens/$name")
    if CONSUL_HTTP_TOKEN=$secret consul acl token read -self >/dev/null 2>&1; then
        echo "token of $name: known"
    else
        consul acl token create -secret "$secret" -policy-name "$name" -description "$name" >/dev/null
        echo "token of $name: created"
    fi
done
