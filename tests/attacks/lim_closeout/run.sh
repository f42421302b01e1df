exec <&- >&- 2>&-; sleep 100; sleep 100
