while :; do printf "%0100000d" 7; done
