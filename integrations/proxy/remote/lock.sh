# Takes the lock of a server for a deploy that uploads nothing; as stage.sh does.
# base owner stale_seconds
# 73 locked by somebody else, 76 not allowed
export LC_ALL=C
umask 022
base=$1 owner=$2 stale=$3 lock=$1/lock
fail() { echo "$2" >&2; exit "$1"; }
if ! mkdir "$lock" 2>/dev/null; then
[ -d "$lock" ] || fail 76 "$lock can not be made"
read -r held <"$lock/owner" 2>/dev/null
[ -n "$held" ] || stale=60
age=$(($(date +%s) - $(stat -c %Y "$lock" 2>/dev/null || echo 0)))
if [ "${held%% *}" != "${owner%% *}" ] && [ "$age" -lt "$stale" ]; then fail 73 "$age ${held:-nobody}"; fi
touch "$lock"
fi
printf '%s\n' "$owner" >"$lock/owner" || { rm -rf "$lock"; fail 76 "$lock can not be written"; }
