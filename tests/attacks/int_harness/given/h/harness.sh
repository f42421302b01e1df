exit 9
