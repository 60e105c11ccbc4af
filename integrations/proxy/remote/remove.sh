# Takes the hub's files off a server that is no longer its own; logs stay.
# base
export LC_ALL=C
base=$1
[ -L "$base" ] && exit 70
for d in releases files cache run tmp acme candidate.d lock; do rm -rf "${base:?}/$d"; done
rm -f "$base/current" "$base/current.new" "$base/nginx.conf"
rmdir "$base/log" "$base" 2>/dev/null
exit 0
