# Tells which certificate is served for names: a TLS handshake each, until it is the one with the
# serial $3 or $4 seconds are over.
# address port serial(|-) seconds: lines of names on standard input; prints "name serial(|-)"
# 65 not a name, 69 no openssl
export LC_ALL=C
address=$1 port=$2 wanted=$3
command -v openssl >/dev/null 2>&1 || { echo "openssl is not there" >&2; exit 69; }
end=$(($(date +%s) + $4))
while read -r name; do
case $name in ''|-*|*[!A-Za-z0-9._-]*) echo "a name that is none" >&2; exit 65 ;; esac
while :; do
serial=$(timeout 10 openssl s_client -connect "$address:$port" -servername "$name" </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null | sed -n 's/^serial=0*//p')
[ "$wanted" = - ] && break
[ "$serial" = "$wanted" ] && break
[ "$(date +%s)" -ge "$end" ] && break
sleep 0.1 2>/dev/null || sleep 1
done
printf '%s %s\n' "$name" "${serial:--}"
done
exit 0
