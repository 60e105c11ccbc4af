# Runs an executable of the hub's folder of hooks: data reaches it as arguments only.
# folder name arguments...
# 65 not a file name, 66 not there or not executable
folder=$1 name=$2
case $name in ''|.*|-*|*[!A-Za-z0-9._-]*) echo "a hook is named by a plain file name" >&2; exit 65 ;; esac
[ -L "$folder/$name" ] && { echo "$folder/$name is a symbolic link; put the file itself there" >&2; exit 66; }
[ -f "$folder/$name" ] || { echo "$folder/$name is not there" >&2; exit 66; }
[ -x "$folder/$name" ] || { echo "$folder/$name is not executable" >&2; exit 66; }
shift 2
exec "$folder/$name" "$@"
