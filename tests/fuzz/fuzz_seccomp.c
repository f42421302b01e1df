/* fuzz_seccomp.c - lists of system calls, edits of them, and the program that comes of the section. */
#include "base/json.h"
#include "bundle/seccomp.h"
#include "bundle/seccomp_filter.h"
#include "fuzz.h"

static void make_program(struct json_object *section)
{
	struct sock_filter *program = NULL;
	size_t n = 0;
	if (seccomp_filter_make(section, &program, &n))
		HOLDS(n > 0 && n <= BPF_MAXINSNS);
	free(program);
}

FUZZER(seccomp)
{
	AUTO_BUF text = { 0 };
	AUTO_SECCOMP *list = NULL;
	AUTO_JSON *o = NULL;
	struct err err = { 0 };
	buf_add(&text, data, size);
	if (seccomp_list_parse("list", &text, &list, &err) == 0) {
		AUTO_JSON *section = seccomp_list_section(list);
		make_program(section);
	}
	/* The same bytes as an engine's section. */
	if (json_parse("section", data, size, &o, &err) == 0 &&
	    json_object_is_type(o, json_type_object))
		make_program(o);
}
