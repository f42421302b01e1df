/* test_container_running.h - a step without a container: its box, its group and its channel are pipes and
 * memory files of the test. */
#ifndef TEST_CONTAINER_RUNNING_H
#define TEST_CONTAINER_RUNNING_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/running.h"
#include "container/step_counters.h"

#define UNUSED_OK __attribute__((unused)) static

/* A file with this text, as those of a group are. */
UNUSED_OK int counter(const char *text)
{
	int fd = memfd_create("counter", MFD_CLOEXEC);
	ck_assert(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0);
	return fd;
}

struct fake {
	struct cgroup_host host;
	struct slot slot;
	struct room room;
	struct engine engine;
	struct area areas[AREA_COUNT];
	struct box box;
	struct step_cgroup cgroup;
	struct step_spec spec;
	char *argv[4];
	struct box_step step;
	struct step_facts facts;
	struct running r;
};

/* All of a step that begins nowhere: no descriptor is open, no counter is there. */
UNUSED_OK void fake_make(struct fake *f, const struct channel *channel)
{
	memset(f, 0, sizeof *f);
	for (int i = 0; i < CG_COUNT; i++)
		f->host.root[i] = (char *)"/nowhere";
	f->argv[0] = (char *)"prog";
	f->engine.name = (char *)"engine";
	f->slot = (struct slot){ .fd = -1, .group_fd = -1, .uid_base = 70000 };
	f->spec = (struct step_spec){ .name = (char *)"unit", .argv = f->argv };
	for (int i = 0; i < LIMIT_COUNT; i++)
		f->spec.limits.v[i] = 1000;
	f->step = (struct box_step){ .spec = &f->spec, .fresh = true, .kill_fd = -1 };
	f->cgroup = (struct step_cgroup){ .host = &f->host,
					  .group = (char *)"g",
					  .cpu_group = (char *)"g",
					  .oom_event = -1,
					  .known = true };
	for (int i = 0; i < CG_FILE_COUNT; i++)
		f->cgroup.files[i] = -1;
	f->box = (struct box){ .opt = { .engine = &f->engine,
					.room = &f->room,
					.slot = &f->slot,
					.host = &f->host,
					.areas = f->areas,
					.interrupt_fd = -1,
					.patience = 1 },
			       .engine_fd = -1,
			       .socket = -1,
			       .born_in = -1,
			       .enters_cpus = -1,
			       .pressure = -1,
			       .processors = 1 };
	step_facts_init(&f->facts);
	f->r = (struct running){ .box = &f->box,
				 .channel = channel,
				 .step = &f->step,
				 .facts = &f->facts,
				 .cgroup = &f->cgroup,
				 .out = { .read_fd = -1, .write_fd = -1 },
				 .err = { .read_fd = -1, .write_fd = -1 },
				 .stdin_fd = -1,
				 .feed_fd = -1,
				 .input_fd = -1,
				 .caller_fd = -1 };
}

#endif
