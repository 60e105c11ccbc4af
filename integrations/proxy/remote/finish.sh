# Ends a deploy: removes what was left over, keeps the newest releases, gives the lock back.
# base keep owner drop(|-)
export LC_ALL=C
base=$1 keep=$2 owner=$3 drop=$4
[ -f "$base/lock/owner" ] || exit 0
read -r held <"$base/lock/owner"
[ "$held" = "$owner" ] || exit 0
current=$(readlink "$base/current" 2>/dev/null)
current=${current#releases/}
rm -rf "$base/candidate.d" "$base/run/candidate.pid" "$base/run/candidate.log"
cd "$base/releases" || exit 1
gone= count=0
for d in r[0-9]*/; do
d=${d%/}
case $d in *[!a-z0-9-]*) continue ;; esac
if [ ! -e "$d/.complete" ] || { [ "$d" = "$drop" ] && [ "$d" != "$current" ]; }; then gone="$gone $d"; else count=$((count + 1)); fi
done
for d in r[0-9]*/; do
d=${d%/}
case $d in *[!a-z0-9-]*) continue ;; esac
[ "$count" -gt "$keep" ] || break
case " $gone " in *" $d "*) continue ;; esac
[ "$d" = "$current" ] && continue
gone="$gone $d" count=$((count - 1))
done
for d in $gone; do rm -rf "./$d"; done
if [ -n "$gone" ]; then
used=" $(cat */.files 2>/dev/null | tr '\n' ' ') "
for f in "$base"/files/*; do
case $used in *" ${f##*/} "*) ;; *) rm -f "$f" ;; esac
done
fi
rm -rf "$base/lock"
exit 0
