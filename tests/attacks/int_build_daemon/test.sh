rm -f alive; sleep 0.2; test ! -e alive
