#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# certificates.sh DIRECTORY: an authority (ca.pem), and what it has signed: server (127.0.0.1), expired, elsewhere (another
# host) and client; and stranger, which another authority has signed. Each as NAME.pem, with its key in NAME.key.
set -eu
cd "$1"

cat > openssl.conf <<END
[ca]
default_ca = authority
[authority]
database = database
new_certs_dir = .
serial = serial
default_md = sha256
policy = anything
copy_extensions = copy
unique_subject = no
[anything]
commonName = supplied
[req]
distinguished_name = name
[name]
END
echo 01 > serial
: > database

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>&1; }

authority() {
    key "$1"
    openssl req -x509 -config openssl.conf -key "$1.key" -subj "/CN=$1" -days 3650 -out "$1.pem" \
        -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign
}

# leaf NAME AUTHORITY SUBJECT-ALTERNATIVE-NAME LAST-YEAR
leaf() {
    key "$1"
    openssl req -new -config openssl.conf -key "$1.key" -subj "/CN=$1" -addext "subjectAltName=$3" -out "$1.csr"
    openssl ca -batch -notext -config openssl.conf -cert "$2.pem" -keyfile "$2.key" -in "$1.csr" -out "$1.pem" \
        -startdate 20200101000000Z -enddate "${4}0101000000Z"
}

authority ca
authority other
leaf server ca IP:127.0.0.1 2090
leaf expired ca IP:127.0.0.1 2021
leaf elsewhere ca DNS:elsewhere.example 2090
leaf client ca DNS:node.example 2090
leaf stranger other IP:127.0.0.1 2090
