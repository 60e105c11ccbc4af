# Prints configuration files as they lie there, each behind a line that carries the mark $1; changes nothing.
# Links and what is no plain file are told and never read.
# mark base release limit path...
# 70 refused
export LC_ALL=C
mark=$1 base=$2 release=$3 limit=$4
shift 4
real=$(cd -P "$base" && pwd -P) || exit 70
n=0
s() { printf '\n%s %s %s\n' "$mark" "$n" "$*"; }
for path; do
case $path in
/*) file=$path folder= ;;
nginx.conf) file=$base/$path folder= ;;
*/*/*|*..*) echo "no file of a release" >&2; exit 70 ;;
http/*|stream/*) file=$base/releases/$release/$path folder=$real/releases/$release/${path%/*} ;;
*) echo "no file of a release" >&2; exit 70 ;;
esac
if [ -L "$file" ]; then s link
elif [ -n "$folder" ] && [ "$(cd -P "${file%/*}" 2>/dev/null && pwd -P)" != "$folder" ]; then s link
elif [ ! -e "$file" ]; then s gone
elif [ ! -f "$file" ]; then s other
elif [ ! -r "$file" ]; then s denied
else
s file "$(stat -c '%a %s' "$file")"
head -c "$limit" "$file"
fi
n=$((n + 1))
done
s end
exit 0
