#!/bin/sh
# count-tap.sh - TAP streams on stdin to "PASSED FAILED SKIPPED".
#
# What was planned and never came has failed, and so has a stream without a plan: its program died.
# A line that begins with "# stream" opens another stream.
awk '
function close_stream()
{
	if (started && !planned)
		fail++
	else if (seen < plan)
		fail += plan - seen
	started = planned = plan = seen = 0
}
/^# stream/ { close_stream(); started = many = 1 }
/^1\.\.[0-9]+/ { planned = 1; plan = substr($1, 4) + 0 }
/^ok / { seen++; if (/ # skip/) skip++; else pass++ }
/^not ok / { seen++; fail++ }
END { started = started || !many; close_stream(); print pass + 0, fail + 0, skip + 0 }
'
