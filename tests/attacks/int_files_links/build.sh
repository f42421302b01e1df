echo kept >keep
rm -rf one.sh sub a
ln -s keep one.sh
ln -s /dev/shm sub
mkdir a; mkfifo a/b
[ -e second ] && { rm -rf one.sh sub a; mkdir -p one.sh/x/y; mkfifo sub; ln -s a a; }
: >second
exit 0
