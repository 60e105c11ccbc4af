# Asks nginx for the release it serves until it says $2 three times in a row; at most $3 seconds.
# "-" = until it serves none.
# port id seconds error_log offset base
export LC_ALL=C
port=$1 id=$2 log=$4 offset=$5 base=$6 hits=0 end=
# a release answers on the port that it was made for
here=$base/releases/$id/http/00-hub.conf
if [ -r "$here" ]; then while read -r word value rest; do case "$word $value" in 'listen 127.0.0.1:'*) value=${value#*:}; value=${value%;}; case $value in ''|*[!0-9]*) ;; *) port=$value ;; esac; break ;; esac; done <"$here"; fi
[ "$id" = - ] && id=
while :; do
said=$(curl -q -s -g -m 2 --noproxy '*' "http://127.0.0.1:$port/hub/release" 2>/dev/null)
if [ "$said" = "$id" ]; then
hits=$((hits + 1))
[ "$hits" -ge 3 ] && exit 0
else
hits=0
now=$(date +%s)
[ -n "$end" ] || end=$((now + $3))
[ "$now" -gt "$end" ] && break
sleep 0.02 2>/dev/null || sleep 1
fi
done
printf 'served %s\n' "${said:-nothing}"
[ -n "$offset" ] && tail -c "+$((offset + 1))" "$log" 2>/dev/null | head -c 8192
exit 1
