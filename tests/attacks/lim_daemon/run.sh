sleep 1000 & echo right; exit 0
