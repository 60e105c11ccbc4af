# Ends a deploy: removes what was left over, keeps the newest releases, gives the lock back.
# base keep owner drop(|-)
export LC_ALL=C
base=$1 keep=$2 owner=$3 drop=$4
[ "$(head -c 200 "$base/lock/owner" 2>/dev/null)" = "$owner" ] || exit 0
current=$(readlink "$base/current" 2>/dev/null)
current=${current#releases/}
rm -f "$base/candidate.conf" "$base/run/candidate.pid" "$base/run/candidate.log" "$base/current.new"
[ "$drop" != - ] && [ "$drop" != "$current" ] && rm -rf "$base/releases/$drop"
for d in "$base"/releases/*/; do [ -d "$d" ] && [ ! -e "$d.complete" ] && rm -rf "$d"; done
cd "$base/releases" && ls -1 | sort -r | awk -v keep="$keep" -v current="$current" '$0 == current { next } { n++ } n >= keep { print }' | while read -r d; do rm -rf "./$d"; done
cat "$base"/releases/*/.files 2>/dev/null | sort -u >"$base/run/used"
ls -1 "$base/files" | sort | comm -23 - "$base/run/used" | while read -r f; do rm -f "$base/files/$f"; done
rm -rf "$base/lock"
exit 0
