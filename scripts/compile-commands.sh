#!/bin/sh
# compile-commands.sh - what `make -nB` would run, on stdin, as compile_commands.json for clangd.
awk -v folder="$PWD" '
function quote(text)
{
	gsub(/\\/, "\\\\\\\\", text)
	gsub(/"/, "\\\\\"", text)
	return "\"" text "\""
}
/ -c -o [^ ]+\.o [^ ]+\.c$/ {
	printf "%s\n  {\"directory\": %s, \"file\": %s,\n   \"command\": %s}",
	       count++ ? "," : "[", quote(folder), quote($NF), quote($0)
}
END { print count ? "\n]" : "[]" }
'
