# SPDX-License-Identifier: Apache-2.0
# tls.bash - a certificate authority of the test's own
#
# make_ca writes $T/tls/ca.pem; make_cert NAME [OPTION...] writes $T/tls/NAME.{pem,key}, good for
# 127.0.0.1, 127.0.0.2 and localhost.

new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)

make_ca() {
	need openssl
	mkdir -p "$T/tls"
	openssl req -x509 "${new_key[@]}" -days 2 -subj '/CN=ocifp test authority' \
		-addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
		-keyout "$T/tls/ca.key" -out "$T/tls/ca.pem" 2>"$T/tls/ca.log"
}

# make_cert NAME [SUBJECT_ALT_NAME [OFFSET]]: OFFSET as faketime's: -3d made it expire yesterday
make_cert() {
	local name=$1 alt=${2:-IP:127.0.0.1,IP:127.0.0.2,DNS:localhost}
	local base=$T/tls/$name clock=(${3:+faketime -f "$3"})
	[ -e "$T/tls/ca.pem" ] || make_ca
	openssl req -new "${new_key[@]}" -subj "/CN=$name" -keyout "$base.key" \
		-out "$base.csr" 2>"$base.log"
	printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$alt" >"$base.ext"
	"${clock[@]}" openssl x509 -req -in "$base.csr" -CA "$T/tls/ca.pem" -CAkey "$T/tls/ca.key" -CAcreateserial \
		-days 2 -extfile "$base.ext" -out "$base.pem" 2>>"$base.log"
}

# make_self_signed NAME
make_self_signed() {
	need openssl
	mkdir -p "$T/tls"
	openssl req -x509 "${new_key[@]}" -days 2 -subj "/CN=$1" \
		-addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' \
		-keyout "$T/tls/$1.key" -out "$T/tls/$1.pem" 2>"$T/tls/$1.log"
}
