#!/bin/sh
# with_file.sh - a command that finds another file in the place of one in /etc.
#
# usage: unshare -m --propagation private with_file.sh PATH FILE COMMAND...   PATH: /etc/NAME
set -e
at=$1 file=$2
shift 2
if [ ! -e "$at" ]; then
	# No mount point: the folder is laid out anew.
	rm -rf "$file.etc"
	mkdir "$file.etc"
	cp -a /etc/. "$file.etc"
	mount --bind "$file.etc" /etc
	: >"$at"
fi
mount --bind "$file" "$at"
exec "$@"
