test -f keep && exit 0
