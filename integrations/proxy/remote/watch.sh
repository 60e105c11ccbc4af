# Tells load, connections and the end of the access log. Each section begins with the mark $1, which
# only this call knows: nothing in the log or of the server can pretend to be another section.
# mark base status_port inode(-: first look, 0: there was no log) offset max
export LC_ALL=C
mark=$1 base=$2 port=$3 inode=$4 offset=$5 max=$6
log=$base/log/access.json
s() { printf '\n%s %s\n' "$mark" "$1"; }
get() {
if command -v curl >/dev/null 2>&1; then curl -q -s -g -m 5 --noproxy '*' --max-filesize 65536 "$1"
else wget -q -T 5 -O - "$1"; fi 2>/dev/null | head -c 65536
}
part() {
size=$3 from=$4
[ $((size - from)) -gt "$max" ] && from=$((size - max))
s "$1 $2 $size $from"
[ "$size" -gt "$from" ] && tail -c "+$((from + 1))" "$5" 2>/dev/null | head -c "$((size - from))"
}
s served; get "http://127.0.0.1:$port/hub/release"
s status; get "http://127.0.0.1:$port/hub/status"
s stat; head -n 1 /proc/stat 2>/dev/null
s memory; head -c 4096 /proc/meminfo 2>/dev/null
s disk; df -P -k "$base" 2>/dev/null | tail -n 1
if [ -f "$log" ] && [ ! -L "$log" ]; then
now=$(stat -c '%i %s' "$log") && {
size=${now#* } now=${now% *}
if [ "$inode" = - ]; then part log "$now" "$size" "$size" "$log"
elif [ "$now" = "$inode" ] && [ "$size" -ge "$offset" ]; then part log "$now" "$size" "$offset" "$log"
else
if [ -f "$log.1" ] && old=$(stat -c '%i %s' "$log.1") && [ "${old% *}" = "$inode" ] && [ "${old#* }" -ge "$offset" ]; then
part old "${old% *}" "${old#* }" "$offset" "$log.1"
fi
part log "$now" "$size" 0 "$log"
fi
}
fi
s end
