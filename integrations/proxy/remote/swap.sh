# Makes a release the current one by one rename; "-" = none: the hub's files leave nginx.
# Prints the size of nginx's error log, from where it is read when nginx does not take over.
# base id drop_in stream_drop_in error_log
# 70 refused, 71 failed
export LC_ALL=C
umask 022
base=$1 id=$2
fail() { echo "$2" >&2; exit "$1"; }
ours() { read -r first <"$1"; case $first in '# Written by the hub'*) return 0 ;; esac; return 1; }
[ -e "$base/current" ] && [ ! -L "$base/current" ] && fail 70 "$base/current is no link; move it away"
for f in "$3" "$4"; do [ -n "$f" ] && [ -s "$f" ] && ! ours "$f" && fail 70 "$f is not the hub's file; choose another name"; done
stat -c %s "$5" 2>/dev/null
place() {
if [ -f "$1" ]; then
[ -f "$2" ] && cmp -s "$1" "$2" && return 0
cp "$1" "${2%/*}/.${2##*/}.hub" && mv -fT "${2%/*}/.${2##*/}.hub" "$2"
elif [ -e "$2" ]; then rm -f "$2"; fi
}
if [ "$id" = - ]; then
for f in "$3" "$4"; do [ -n "$f" ] && rm -f "$f"; done
rm -f "$base/current"
else
new=$base/releases/$id
[ -e "$new/.complete" ] || fail 70 "release $id is not whole"
[ -L "$base/current.new" ] && rm -f "$base/current.new"
ln -s "releases/$id" "$base/current.new" && mv -fT "$base/current.new" "$base/current" || fail 71 "$base/current can not be changed"
[ -n "$3" ] && { place "$new/drop_in.conf" "$3" || fail 71 "$3 can not be written"; }
[ -n "$4" ] && { place "$new/stream_drop_in.conf" "$4" || fail 71 "$4 can not be written"; }
[ -f "$new/nginx.conf" ] && { place "$new/nginx.conf" "$base/nginx.conf" || fail 71 "$base/nginx.conf can not be written"; }
fi
exit 0
