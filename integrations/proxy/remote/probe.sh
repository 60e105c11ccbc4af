# Asks upstreams from where nginx asks them: for each a line "mark number status seconds exit words".
# mark seconds, then for each upstream: url host(|-) verify(1|0)
# 70 curl is not installed
export LC_ALL=C
mark=$1 seconds=$2
shift 2
command -v curl >/dev/null 2>&1 || { echo "curl is not installed" >&2; exit 70; }
ask() {
n=$1 url=$2 host=$3 verify=$4
set -- -q -s -g -o /dev/null -m "$seconds" --noproxy '*' --proto '=http,https' -A hub-health-check
[ "$host" = - ] || set -- "$@" -H "Host: $host"
[ "$verify" = 1 ] || set -- "$@" -k
said=$(curl "$@" -w '%{http_code} %{time_total}' --url "$url" 2>/dev/null)
code=$?
printf '\n%s %s %s %s\n' "$mark" "$n" "${said:-000 0}" "$code"
}
n=0
while [ "$#" -ge 3 ]; do
ask "$n" "$1" "$2" "$3" &
n=$((n + 1))
shift 3
[ $((n % 8)) -eq 0 ] && wait
done
wait
printf '\n%s end\n' "$mark"
