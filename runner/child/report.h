/* report.h - what a child process says at its end: whether its work was done, or the error. */
#ifndef MOULETTE_CHILD_REPORT_H
#define MOULETTE_CHILD_REPORT_H

#include <sys/types.h>

#include "base/err.h"

/** report_send() - in the child: @got is 0 or -1, and then @err says why. Return: the exit status for
 *  the child, 0 unless it failed or nothing could be sent. */
int report_send(int fd, int got, const struct err *err);

/** report_take() - in the parent: wait for the report at @fd and for the end of @pid, which errors
 *  call @who. Return: 0, or -1 with the child's error, or with FAULT_INFRA when it ended without a
 *  report. The child is a program of moulette: its words are taken as they are. */
int report_take(int fd, pid_t pid, const char *who, struct err *err);

#endif
