# Makes a release the current one by one rename; "-" = none: the hub's files leave nginx.
# Prints the size of nginx's error log, from where it is read when nginx does not take over.
# base id drop_in stream_drop_in error_log
# 70 refused
export LC_ALL=C
umask 022
base=$1 id=$2
fail() { echo "$2" >&2; exit "$1"; }
ours() { head -n 1 "$1" 2>/dev/null | grep -q '^# Written by the hub'; }
[ -e "$base/current" ] && [ ! -L "$base/current" ] && fail 70 "$base/current is no link; move it away"
for f in "$3" "$4"; do [ -n "$f" ] && [ -e "$f" ] && ! ours "$f" && fail 70 "$f is not the hub's file; choose another name"; done
stat -c %s "$5" 2>/dev/null
place() {
if [ -f "$1" ]; then
cmp -s "$1" "$2" && return 0
d=${2%/*} n=${2##*/}
cp "$1" "$d/.$n.hub" && mv -fT "$d/.$n.hub" "$2"
elif [ -e "$2" ]; then rm -f "$2"; fi
}
if [ "$id" = - ]; then
for f in "$3" "$4"; do [ -n "$f" ] && rm -f "$f"; done
rm -f "$base/current"
else
new=$base/releases/$id
[ -e "$new/.complete" ] || fail 70 "release $id is not whole"
rm -f "$base/current.new"
ln -s "releases/$id" "$base/current.new" && mv -fT "$base/current.new" "$base/current" || fail 71 "$base/current can not be changed"
[ -n "$3" ] && { place "$new/drop_in.conf" "$3" || fail 71 "$3 can not be written"; }
[ -n "$4" ] && { place "$new/stream_drop_in.conf" "$4" || fail 71 "$4 can not be written"; }
[ -f "$new/nginx.conf" ] && { place "$new/nginx.conf" "$base/nginx.conf" || fail 71 "$base/nginx.conf can not be written"; }
sync -f "$base" 2>/dev/null
fi
exit 0
