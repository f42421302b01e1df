echo right; eval "$1"
