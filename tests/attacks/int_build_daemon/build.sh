for i in 1 2 3; do (setsid sh -c "trap \"\" 1 2 3 15; while :; do echo x >/work/alive 2>/dev/null; sleep 0.01; done" &) ; done; sleep 0.2; exit 0
