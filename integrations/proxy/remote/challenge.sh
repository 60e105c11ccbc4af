# Puts HTTP-01 tokens below the hub's folder, takes them away, or fetches them as the world would.
# put base | remove base: lines "token content" on standard input
# check base address port: lines "name token"; prints "name status content"
# 65 not a token or name, 70 refused, 74 can not be written
export LC_ALL=C
umask 022
verb=$1 base=$2 address=$3 port=$4
dir=$base/acme/.well-known/acme-challenge
fail() { echo "$2" >&2; exit "$1"; }
token() { case $1 in ''|*[!A-Za-z0-9_-]*) fail 65 "a token that is no base64url" ;; esac; [ "${#1}" -le 256 ] || fail 65 "a token of more than 256 characters"; }
name() { case $1 in ''|-*|*[!A-Za-z0-9._-]*) fail 65 "a name that is none" ;; esac; }
for d in "$base" "$base/acme" "$base/acme/.well-known" "$dir"; do [ -L "$d" ] && fail 70 "$d is a symbolic link; the hub writes only below its own folder"; done
case $verb in
put)
mkdir -p "$dir" 2>/dev/null || fail 74 "$dir can not be made"
# what a hub that was cut off has left behind
find "$dir" -type f -mtime +1 -exec rm -f {} + 2>/dev/null
while read -r token content; do
token "$token"
{ printf %s "$content" >"$dir/.$token" && chmod 644 "$dir/.$token" && mv -f "$dir/.$token" "$dir/$token"; } 2>/dev/null || { rm -f "$dir/.$token"; fail 74 "$dir/$token can not be written"; }
done
;;
remove)
while read -r token content; do token "$token"; rm -f "$dir/$token" "$dir/.$token"; done
;;
check)
while read -r name token; do
name "$name"; token "$token"
said=$(curl -q -s -g -m 5 --noproxy '*' -w '\n%{http_code}' -H "Host: $name" "http://$address:$port/.well-known/acme-challenge/$token" </dev/null 2>/dev/null | head -c 1000 | tr -c '[:print:]\n' ' ')
printf '%s %s %s\n' "$name" "$(printf '%s\n' "$said" | tail -n 1)" "$(printf '%s\n' "$said" | head -n 1 | head -c 300)"
done
;;
*) fail 65 "put, remove or check" ;;
esac
exit 0
