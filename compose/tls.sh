#!/bin/sh
# Makes the certificates of compose/tls.yml, in compose/secrets (or the folder named): an authority,
# once, and a certificate of it for each service, the edge and Prometheus, anew each time. Run it
# again before the 90 days are over: the services take new ones within seconds, without a restart.
set -eu
folder=${1:-$(dirname "$0")/secrets}
days=90

command -v openssl >/dev/null || { echo "$0: openssl is needed, for certificates" >&2; exit 1; }
umask 077
mkdir -p "$folder"
cd "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/openssl.cnf" <<'END'
[req]
distinguished_name = name
prompt = no
[name]
CN = shop
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[known]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:${ENV::NAME}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
export NAME=shop

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

# What is mounted into a container is the file itself: it is written in place, and not renamed. It
# is readable for all, since the process in the container is another user; the folder is not.
put() { cat >"$1" && chmod 644 "$1"; }

if [ ! -s tls-ca-key.pem ] || [ ! -s tls-ca.pem ]; then
    key "$work/ca-key.pem"
    openssl req -x509 -new -key "$work/ca-key.pem" -config "$work/openssl.cnf" \
        -extensions authority -days 3650 -out "$work/ca.pem"
    put tls-ca.pem <"$work/ca.pem"
    cp "$work/ca-key.pem" tls-ca-key.pem # for nobody but us: it is mounted nowhere
fi

for NAME in customer product order edge prometheus; do
    key "$work/key.pem"
    openssl req -new -key "$work/key.pem" -config "$work/openssl.cnf" -out "$work/request.pem"
    openssl x509 -req -in "$work/request.pem" -CA tls-ca.pem -CAkey tls-ca-key.pem \
        -set_serial "0x$(od -An -v -N 16 -tx1 /dev/urandom | tr -d ' \n' | sed 's/^./1/')" \
        -days "$days" -sha256 -extfile "$work/openssl.cnf" -extensions known \
        -out "$work/certificate.pem" 2>/dev/null
    cat "$work/certificate.pem" "$work/key.pem" | put "tls-$NAME.pem"
done
