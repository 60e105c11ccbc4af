# Deletes what nginx has cached of one host and prints how many files that were.
# base key
# 70 refused
export LC_ALL=C
base=$1 key=$2
case $key in ''|.*|*/*|*[!a-z0-9_.-]*) echo "no key of a host" >&2; exit 70 ;; esac
case $base in /*) ;; *) echo "no absolute folder" >&2; exit 70 ;; esac
for d in "$base" "$base/cache" "$base/cache/$key"; do
[ -L "$d" ] && { echo "$d is a symbolic link" >&2; exit 70; }
done
[ -d "$base/cache/$key" ] || { echo 0; exit 0; }
cd -P "$base/cache/$key" && [ "$PWD" = "$(cd -P "$base" && pwd -P)/cache/$key" ] || { echo "the folder leads elsewhere" >&2; exit 70; }
find . -xdev -type f -print | grep -c . || :
find . -xdev -type f -exec rm -f {} +
exit 0
