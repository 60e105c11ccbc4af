# Tells how things stand; changes nothing. Each section begins with a line that carries the mark $1.
# As few programs are started as can be: each costs a server a millisecond.
# mark base nginx status_port main drop_in stream_drop_in deep(1|0) known_release known_nginx
export LC_ALL=C
mark=$1 base=$2 nginx=$3 port=$4 main=$5 drop_in=$6 stream_in=$7 deep=$8 known=$9 program=${10}
s() { printf '\n%s %s\n' "$mark" "$1"; }
# the release in force answers on the port that it was made for, which may be another one than that of now
here=$base/current/http/00-hub.conf
if [ -r "$here" ]; then while read -r word value rest; do case "$word $value" in 'listen 127.0.0.1:'*) value=${value#*:}; value=${value%;}; case $value in ''|*[!0-9]*) ;; *) port=$value ;; esac; break ;; esac; done <"$here"; fi
link=$(readlink "$base/current" 2>/dev/null)
[ -z "$link" ] && [ -e "$base/current" ] && link=not-a-link
s current; printf '%s\n' "$link"
s curl; command -v curl >/dev/null 2>&1 && echo yes
s served; curl -q -s -g -m 2 --noproxy '*' "http://127.0.0.1:$port/hub/release" 2>/dev/null
partial=
s releases; for d in "$base"/releases/*/; do d=${d%/}; if [ -e "$d/.complete" ]; then printf '%s\n' "${d##*/}"; else partial="$partial ${d##*/}"; fi; done
s partial; for d in $partial; do printf '%s\n' "$d"; done
s lock; if [ -d "$base/lock" ]; then echo "$(($(date +%s) - $(stat -c %Y "$base/lock")))"; read -r owner <"$base/lock/owner" 2>/dev/null; printf '%s\n' "$owner"; fi
path=$(command -v "$nginx")
now=$(stat -L -c '%i.%Y.%s' "${path:-/}" 2>/dev/null)
s program; printf '%s\n' "$now"
s version; [ "$now" = "$program" ] || "$nginx" -V 2>&1
pid= log=
if [ -r "$main" ]; then while read -r word value rest; do case $word in pid) pid=${value%;} ;; error_log) [ -z "$log" ] && log=${value%;} ;; esac; done <"$main"; fi
if [ "$main" != "$base/nginx.conf" ]; then
s main; head -c 262144 "$main" 2>/dev/null
s siblings; for f in "${drop_in%/*}"/* "${stream_in%/*}"/*; do [ -f "$f" ] && printf '%s\n' "$f"; done
s modules; grep -h '^[[:space:]]*load_module' "$main" "${stream_in%/*}"/*.conf 2>/dev/null | head -n 200
[ -n "$pid" ] || pid=$("$nginx" -V 2>&1 | sed -n 's/.*--pid-path=\([^ ]*\).*/\1/p')
fi
s running; number=; [ -r "$pid" ] && read -r number <"$pid"; [ -n "$number" ] && [ -r "/proc/$number/stat" ] && read -r word name state rest <"/proc/$number/stat" && case "$state $name" in Z*) ;; *nginx*|*resty*) echo yes ;; esac
s errors; printf '%s\n' "$log"
s nameservers; if [ -r /etc/resolv.conf ]; then while read -r word value rest; do [ "$word" = nameserver ] && printf '%s\n' "$value"; done </etc/resolv.conf; fi
s writable; [ -L "$base" ] && echo link; d=$base; while [ ! -e "$d" ]; do d=${d%/*}; d=${d:-/}; done; [ -w "$d" ] && echo yes
s manifest; [ "$link" = "releases/$known" ] || [ ! -r "$base/current/manifest.json" ] || head -c 24000000 "$base/current/manifest.json"
if [ "$deep" = 1 ] && [ -d "$base/current/" ]; then
cd "$base" || exit 1
s files; find current/ files/ nginx.conf ! -type d -exec stat -c '%a %F %n' {} + -type f -exec sha256sum {} + 2>/dev/null
for f in "$drop_in" "$stream_in"; do [ -f "$f" ] && sha256sum "$f" 2>/dev/null; done
fi
s end
