# Asks upstreams from where nginx asks them: for each a line "mark number status seconds exit words".
# mark, then for each upstream: url address:port(|-) host(|-) verify(1|0) seconds
# 70 curl is not installed
export LC_ALL=C
mark=$1
shift
command -v curl >/dev/null 2>&1 || { echo "curl is not installed" >&2; exit 70; }
ask() {
n=$1 url=$2 where=$3 host=$4 verify=$5
set -- -q -s -g -o /dev/null -m "$6" --noproxy '*' --proto '=http,https' -A hub-health-check
[ "$where" = - ] || set -- "$@" --connect-to "::$where"
[ "$host" = - ] || set -- "$@" -H "Host: $host"
[ "$verify" = 1 ] || set -- "$@" -k
said=$(curl "$@" -w '%{http_code} %{time_total}' --url "$url" 2>/dev/null)
code=$?
printf '\n%s %s %s %s\n' "$mark" "$n" "${said:-000 0}" "$code"
}
n=0
while [ "$#" -ge 5 ]; do
ask "$n" "$1" "$2" "$3" "$4" "$5" &
n=$((n + 1))
shift 5
[ $((n % 8)) -eq 0 ] && wait
done
wait
printf '\n%s end\n' "$mark"
