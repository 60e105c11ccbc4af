# Unpacks a release from standard input beside those that are there; takes the lock of the server.
# base id owner need_kb from(|-) stale_seconds worker_user main_folder(|-)
# 69 a program is missing, 70 refused, 73 locked by somebody else, 74 disk full, 75 damaged on the way, 76 not allowed
export LC_ALL=C
umask 022
base=$1 id=$2 owner=$3 need=$4 from=$5 stale=$6 worker=$7 home=$8
dir=$base/releases/$id lock=$base/lock
fail() { echo "$2" >&2; exit "$1"; }
free() { set -- $(stat -f -c '%a %S %d' "$base"); kb=$(($1 * ($2 / 512) / 2)) inodes=$3; }
for p in tar sha256sum stat; do command -v "$p" >/dev/null 2>&1 || fail 69 "$p is not installed there; install it"; done
[ -L "$base" ] && fail 70 "$base is a symbolic link; give the real folder"
[ -d "$base/acme/.well-known/acme-challenge" ] && [ -d "$base/tmp" ] || mkdir -p "$base/releases" "$base/files" "$base/log" "$base/cache" "$base/run" "$base/tmp" "$base/acme/.well-known/acme-challenge" 2>/dev/null || fail 76 "$base can not be made or written"
for d in releases files log cache run tmp acme; do [ -L "$base/$d" ] && fail 70 "$base/$d is a symbolic link; the hub writes only below its own folder"; done
[ -w "$base/releases" ] || fail 76 "$base/releases can not be written"
if ! mkdir "$lock" 2>/dev/null; then
[ -d "$lock" ] || fail 76 "$lock can not be made"
read -r held <"$lock/owner" 2>/dev/null
# whoever made a lock and ended before signing it does nothing any more
[ -n "$held" ] || stale=60
age=$(($(date +%s) - $(stat -c %Y "$lock" 2>/dev/null || echo 0)))
if [ "${held%% *}" != "${owner%% *}" ] && [ "$age" -lt "$stale" ]; then fail 73 "$age ${held:-nobody}"; fi
touch "$lock"
fi
undo() {
rm -rf "$dir"
read -r held <"$lock/owner" 2>/dev/null
[ "$held" = "$owner" ] && rm -rf "$base/candidate.d" "$lock"
}
printf '%s\n' "$owner" >"$lock/owner" || { rm -rf "$lock"; fail 74 "the lock can not be written"; }
trap 'undo; exit 143' HUP INT TERM PIPE
free
if [ "$kb" -lt "$need" ]; then undo; fail 74 "$need KB needed, $kb KB free"; fi
if [ "$inodes" -gt 0 ] && [ "$inodes" -lt 200 ]; then undo; fail 74 "$inodes inodes free"; fi
mkdir "$dir" || { undo; fail 76 "$dir can not be made"; }
broken() { free; undo; [ "$kb" -lt 64 ] && fail 74 "$kb KB free"; fail 75 "$1"; }
tar -xof - -C "$dir" || broken "the upload is not whole"
[ -f "$dir/.sums" ] || broken "the upload is not whole"
if [ -s "$dir/.keep" ] || [ -s "$dir/.more" ]; then
(cd "$base/releases/$from" && set -f && IFS='
' && tar -cf - -- $(cat "$dir/.keep" "$dir/.more")) | tar -xof - -C "$dir" || broken "files of $from can not be taken over"
while read -r f; do [ -e "$dir/$f" ] || [ -L "$dir/$f" ] || broken "$f of $from is not there any more"; done <"$dir/.keep"
fi
(cd "$dir" && sha256sum -c .sums >/dev/null 2>&1) || broken "files differ from what was sent"
if [ -d "$dir/files" ]; then
for f in "$dir"/files/*; do
case $f in *.htpasswd) if [ "$(id -u)" = 0 ] && [ -n "$worker" ] && chgrp "$(id -gn "$worker" 2>/dev/null)" "$f" 2>/dev/null; then chmod 640 "$f"; else chmod 644 "$f"; fi ;; esac
mv -f "$f" "$base/files/" || broken "$base/files can not be written"
done
rmdir "$dir/files"
fi
while read -r f; do [ -f "$base/files/$f" ] || broken "$base/files/$f is missing"; done <"$dir/.files"
# nginx looks for relative includes, also those in files of others, beside the main file it is given
rm -rf "$base/candidate.d"
mkdir "$base/candidate.d" || broken "the candidate can not be put in place"
[ "$home" = - ] || ln -s "$home"/* "$base/candidate.d/" || broken "the candidate can not be put in place"
mv -fT "$dir/candidate.conf" "$base/candidate.d/candidate.conf" || broken "the candidate can not be put in place"
sync -f "$dir" 2>/dev/null || sync
: >"$dir/.complete"
