echo x >/tmp/c && echo y >/dev/shm/d && test -s /tmp/a
