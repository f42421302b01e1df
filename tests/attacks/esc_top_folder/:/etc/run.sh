ls -A; [ "$(ls -A)" = run.sh ] && [ ! -e passwd ]
