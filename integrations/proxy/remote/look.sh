# Tells how things stand; changes nothing. Each section begins with a line that carries the mark $1.
# mark base nginx status_port main drop_in stream_drop_in deep(1|0) known_release
export LC_ALL=C
mark=$1 base=$2 nginx=$3 port=$4 main=$5 drop_in=$6 stream_in=$7 deep=$8 known=$9
s() { printf '\n%s %s\n' "$mark" "$1"; }
s current; readlink "$base/current" 2>/dev/null || { [ -e "$base/current" ] && echo not-a-link; }
s served; curl -s -m 2 "http://127.0.0.1:$port/hub/release" 2>/dev/null
s releases; for d in "$base"/releases/*/; do [ -e "$d.complete" ] && basename "$d"; done
s partial; for d in "$base"/releases/*/; do [ -d "$d" ] && [ ! -e "$d.complete" ] && basename "$d"; done
s lock; [ -d "$base/lock" ] && { echo "$(($(date +%s) - $(stat -c %Y "$base/lock")))"; cat "$base/lock/owner" 2>/dev/null; }
s version; version=$("$nginx" -V 2>&1); printf '%s\n' "$version"
s main; head -c 262144 "$main" 2>/dev/null
s siblings; for f in "${drop_in%/*}"/* "${stream_in%/*}"/*; do [ -f "$f" ] && printf '%s\n' "$f"; done
s modules; cat "$main" "${stream_in%/*}"/*.conf 2>/dev/null | grep '^[[:space:]]*load_module' | head -n 200
s nameservers; sed -n 's/^[[:space:]]*nameserver[[:space:]]\{1,\}\([^[:space:]]*\).*/\1/p' /etc/resolv.conf 2>/dev/null | head -n 3
pid=$(sed -n 's/^[[:space:]]*pid[[:space:]]\{1,\}\([^;]*\);.*/\1/p' "$main" 2>/dev/null | head -n 1)
[ -n "$pid" ] || pid=$(printf '%s' "$version" | sed -n 's/.*--pid-path=\([^ ]*\).*/\1/p')
s running; [ -s "$pid" ] && [ -d "/proc/$(head -c 20 "$pid" | tr -dc 0-9)" ] && echo yes
s errors; log=$(sed -n 's/^error_log[[:space:]]\{1,\}\([^; ]*\).*/\1/p' "$main" 2>/dev/null | head -n 1)
printf '%s\n' "${log:-/var/log/nginx/error.log}"
s disk; df -P -k "$base" 2>/dev/null | tail -n 1
s writable; [ -L "$base" ] && echo link; d=$base; while [ ! -e "$d" ]; do d=${d%/*}; d=${d:-/}; done; [ -w "$d" ] && echo yes
s manifest; [ "$(readlink "$base/current" 2>/dev/null)" = "releases/$known" ] || head -c 6000000 "$base/current/manifest.json" 2>/dev/null
if [ "$deep" = 1 ] && [ -d "$base/current/" ]; then
cd "$base" || exit 1
s sums; find current/ files/ nginx.conf ! -type d ! -type l -exec sha256sum {} + 2>/dev/null
for f in "$drop_in" "$stream_in"; do [ -f "$f" ] && sha256sum "$f" 2>/dev/null; done
s modes; find current/ files/ nginx.conf ! -type d -exec stat -c '%a %F %n' {} + 2>/dev/null
fi
s end
